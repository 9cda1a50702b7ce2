import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import { FORMAT, checkPlatform, parseManifest } from '../../../src/bundle';

const complete = {
  format: FORMAT,
  vapp: '1.0.0',
  os: 'linux',
  architecture: 'arm64',
  k3sImage: 'rancher/k3s:v1',
  images: [{ name: 'a:1', id: 'sha256:1', purpose: 'node' }],
  tools: [{ name: 'helm', version: '4.1.4' }],
};

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof Failure ? error.code : String(error);
  }
}

const codeFor = (text: string) => codeOf(() => parseManifest(text, 'b.tar'));

describe('what a bundle says of itself', () => {
  it('is taken when it is complete, whatever else it says', () => {
    assert.equal(codeFor(JSON.stringify({ ...complete, later: 1 })), 'none');
  });

  it('is refused when it is incomplete', () => {
    for (const key of Object.keys(complete)) {
      assert.equal(codeFor(JSON.stringify({ ...complete, [key]: undefined })), 'bundle-invalid', key);
    }
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '7',
      '{"format":1,"vapp":"1","images":[null]}',
      JSON.stringify({ ...complete, images: [null] }),
    ]) {
      assert.equal(codeFor(text), 'bundle-invalid', text);
    }
    assert.equal(codeFor(JSON.stringify({ ...complete, tools: [{ name: '../x', version: '1' }] })), 'bundle-invalid');
  });

  it('is refused when it calls an app by what leads elsewhere', () => {
    const withApp = (app: unknown) => ({ ...complete, images: [{ ...complete.images[0], purpose: 'app', app }] });
    assert.equal(codeFor(JSON.stringify(withApp('seat-adjuster'))), 'none');
    for (const app of ['../..', '/', '.', '', 'A', 7, null]) {
      assert.equal(codeFor(JSON.stringify(withApp(app))), 'bundle-invalid', String(app));
    }
  });

  it('is refused by its format alone when that is newer', () => {
    assert.equal(codeFor(JSON.stringify({ format: FORMAT + 1, vapp: '9.0.0' })), 'bundle-too-new');
  });

  it('must fit the machine', () => {
    const check = (os: string, architecture: string) =>
      codeOf(() => checkPlatform(complete, { os, architecture }, 'b'));
    assert.equal(check('linux', 'arm64'), 'none');
    assert.equal(check('linux', 'amd64'), 'bundle-other-platform');
    assert.equal(check('darwin', 'arm64'), 'bundle-other-platform');
  });
});
