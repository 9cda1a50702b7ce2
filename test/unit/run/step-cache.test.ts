import assert from 'node:assert/strict';
import { tellsSteps, withLayerKeys, type BaseImage } from '../../../src/run/step-cache';

const LAYERS = ['sha256:base', 'sha256:packages', 'sha256:source'];
const BASE = [{ layers: ['sha256:base'] }, { layers: ['sha256:of another base'] }];

describe('the cache in an image', () => {
  it('tells the steps of all layers that are not those of its base', () => {
    assert.equal(tellsSteps(imageWith([1], [2], undefined), BASE), true);
  });

  it('misses steps that were carried out again since', () => {
    // As BuildKit 0.13 writes it when all but the last step have run once more, for another source.
    assert.equal(tellsSteps(imageWith([2], undefined), BASE), false);
    assert.equal(tellsSteps(imageWith([1]), BASE), false);
  });

  it('misses all where there is none, unless there are no steps', () => {
    assert.equal(tellsSteps({ rootfs: { diff_ids: LAYERS } }, BASE), false);
    assert.equal(tellsSteps({ rootfs: { diff_ids: ['sha256:base'] } }, BASE), true);
  });
});

/** An image and what BuildKit 0.13 called it: by its manifest, and by its layers. */
const PYTHON: BaseImage = {
  digests: ['sha256:f929addb13d95d871ee82e33afd727ecf6ff1e1bf3d99ad2659699dc78d00e56'],
  layers: [
    'sha256:c1f382f4629716f14447c6d957ad512ace33f7aa4c7312d3730c6705363ddcc5',
    'sha256:53e60821496d326e87a967240cef84a1bd410874a2bf50d7ca677b6d43d7cca3',
  ],
  os: 'linux',
  architecture: 'amd64',
  variant: '',
};
const BY_MANIFEST = { digest: 'sha256:8cb54e21167275cf416997495c6ed2a275573fe11dbcb1d06d25fe59331dea4c' };
const BY_LAYERS = { digest: 'sha256:50589c6002c955afcc036d8f639b808f6dde5ab6a10b36a4d0d3f1a0dcbe555f' };

describe('the cache in an image for other engines', () => {
  const folder = { digest: 'sha256:folder', layers: [{ layer: 2, createdAt: '2026-11-30T10:00:00Z' }] };
  const copied = { digest: 'sha256:copied', inputs: [[{ link: 0 }], [{ selector: 'sha256:x', link: 3 }]] };
  const source = { digest: 'sha256:source' };

  it('is found by the layers of the base, too', () => {
    const config = configOf([{ ...folder, inputs: [[{ link: 1 }]] }, BY_MANIFEST, copied, source]);
    const renewed = withLayerKeys(config, [PYTHON]);
    const inputs = [[{ link: 1 }, { link: 4 }]];
    assert.ok(renewed);
    assert.deepEqual(stepsIn(renewed), [{ ...folder, inputs }, BY_MANIFEST, copied, source, BY_LAYERS]);
    assert.equal(renewed.rootfs, config.rootfs);
    assert.equal(withLayerKeys(renewed, [PYTHON]), undefined);
  });

  it('stays as it is when it is found by them already, or begins with something else', () => {
    assert.equal(withLayerKeys(configOf([BY_MANIFEST, BY_LAYERS]), [PYTHON]), undefined);
    assert.equal(withLayerKeys(configOf([BY_MANIFEST]), [{ ...PYTHON, digests: ['sha256:other'] }]), undefined);
    assert.equal(withLayerKeys(configOf([BY_MANIFEST]), [{ ...PYTHON, variant: 'v7' }]), undefined);
    assert.equal(withLayerKeys({ rootfs: { diff_ids: LAYERS } }, [PYTHON]), undefined);
  });
});

function configOf(steps: readonly object[]) {
  const cache = Buffer.from(JSON.stringify(steps)).toString('base64');
  return { rootfs: { diff_ids: LAYERS }, 'moby.buildkit.cache.v0': cache };
}

function stepsIn({ 'moby.buildkit.cache.v0': cache = '' }: { readonly 'moby.buildkit.cache.v0'?: string }): unknown {
  return JSON.parse(Buffer.from(cache, 'base64').toString());
}

/** @param steps places of the layers of each; undefined for one whose result is not in the image. */
function imageWith(...steps: (readonly number[] | undefined)[]) {
  const records = steps.map((places) => ({
    digest: 'sha256:step',
    ...(places ? { layers: places.map((layer) => ({ layer, createdAt: '2026-11-30T10:00:00Z' })) } : {}),
  }));
  return configOf(records);
}
