import assert from 'node:assert/strict';
import { normalizePlatform, normalizePlatforms } from '../../../src/build';

describe('build: platforms', () => {
  const cases: [string, string][] = [
    ['amd64', 'linux/amd64'],
    ['linux/amd64', 'linux/amd64'],
    ['x86_64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
    ['aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['arm/v7', 'linux/arm/v7'],
    ['arm/6', 'linux/arm/v6'],
    ['arm', 'linux/arm/v7'],
    ['armhf', 'linux/arm/v7'],
    ['Linux/ARM64', 'linux/arm64'],
    [' riscv64 ', 'linux/riscv64'],
    ['windows/amd64', 'windows/amd64'],
  ];
  for (const [written, expected] of cases) {
    it(`${written} is ${expected}`, () => assert.equal(normalizePlatform(written), expected));
  }

  for (const written of ['', 'linux', 'linux/', 'amd65', 'linux/amd64/v2/x', 'linux/arm/', 'amd64,arm64']) {
    it(`'${written}' is none`, () => {
      assert.throws(() => normalizePlatform(written), { code: 'platform-invalid', fault: 'usage' });
    });
  }

  it('names each only once', () => {
    assert.deepEqual(normalizePlatforms(['arm64', 'amd64', 'linux/arm64']), ['linux/arm64', 'linux/amd64']);
  });
});
