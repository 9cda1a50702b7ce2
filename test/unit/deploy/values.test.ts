import assert from 'node:assert/strict';
import { deployValues, imageParts, nested } from '../../../src/deploy/values';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const IMAGE = { repository: 'registry:5000/app', digest: DIGEST };
const CHART = { source: 'repository', valuesFiles: [], values: {}, imageValues: {} } as const;

describe('values', () => {
  it('nests dotted paths; an escaped dot belongs to the name', () => {
    assert.deepEqual(nested({ 'a.b': 1, 'a.c': { d: 2 }, 'x.example\\.org/y': true }), {
      a: { b: 1, c: { d: 2 } },
      x: { 'example.org/y': true },
    });
  });

  it('does not change what it was given', () => {
    const defaults = { env: { A: '1' } };
    deployValues({ chart: { ...CHART, values: { 'env.B': '2' } }, image: IMAGE, defaults }, []);
    assert.deepEqual(defaults, { env: { A: '1' } });
  });

  it('lets vapp.yaml win over defaults, and the image over both', () => {
    const chart = {
      ...CHART,
      values: { 'env.A': 'mine', image: { repository: 'other', pullPolicy: 'Always' } },
      imageValues: { repository: 'image.repository', digest: 'image.digest' },
    };
    assert.deepEqual(deployValues({ chart, image: IMAGE, defaults: { env: { A: 'default', B: 'default' } } }, []), {
      env: { A: 'mine', B: 'default' },
      image: { repository: IMAGE.repository, digest: DIGEST, pullPolicy: 'Always' },
    });
  });

  it('keeps our defaults out of the way of a values file', () => {
    const defaults = { env: { A: 'default', B: 'default' }, port: 50008 };
    const values = deployValues({ chart: CHART, image: IMAGE, defaults }, [
      { env: { A: 'file' } },
      undefined,
      { port: 1 },
    ]);
    assert.deepEqual(values, { env: { B: 'default' } });
  });

  it('leaves alone what all objects inherit', () => {
    const values = { '__proto__.polluted': true, 'constructor.prototype.polluted': true };
    const file: unknown = JSON.parse('{ "__proto__": { "toString": 1 }, "constructor": { "name": 1 } }');
    const merged = deployValues({ chart: { ...CHART, values }, image: IMAGE, defaults: {} }, [file]);
    assert.equal(
      JSON.stringify(merged),
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    );
    assert.equal('polluted' in {}, false);
    assert.equal(Object.hasOwn(Object.prototype, 'toString'), true);
  });

  it('names the image in the parts that a chart takes', () => {
    const short = DIGEST.slice(7, 19);
    assert.deepEqual(imageParts({ reference: 'image' }, IMAGE), { image: `${IMAGE.repository}@${DIGEST}` });
    assert.deepEqual(imageParts({ repository: 'r', digest: 'd', tag: 't', pullPolicy: 'p' }, IMAGE), {
      r: IMAGE.repository,
      d: DIGEST,
      t: short,
      p: 'IfNotPresent',
    });
    assert.deepEqual(imageParts({}, IMAGE), {});
  });

  it('pins by digest even where a chart only joins repository and tag', () => {
    const parts = imageParts({ repository: 'r', tag: 't' }, IMAGE);
    assert.equal(`${String(parts['r'])}:${String(parts['t'])}`, `${IMAGE.repository}@${DIGEST}`);
  });
});
