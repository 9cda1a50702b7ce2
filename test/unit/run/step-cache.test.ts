import assert from 'node:assert/strict';
import { tellsSteps } from '../../../src/run/step-cache';

const LAYERS = ['sha256:base', 'sha256:packages', 'sha256:source'];
const BASE = new Set(['sha256:base', 'sha256:of another base']);

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

/** @param steps places of the layers of each; undefined for one whose result is not in the image. */
function imageWith(...steps: (readonly number[] | undefined)[]) {
  const records = steps.map((places) => ({
    digest: 'sha256:step',
    ...(places ? { layers: places.map((layer) => ({ layer, createdAt: '2026-11-30T10:00:00Z' })) } : {}),
  }));
  const cache = Buffer.from(JSON.stringify(records)).toString('base64');
  return { rootfs: { diff_ids: LAYERS }, 'moby.buildkit.cache.v0': cache };
}
