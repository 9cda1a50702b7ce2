import assert from 'node:assert/strict';
import { readImages } from '../../../src/run/old-revisions';

describe('the images of a node', () => {
  it('are read with name and digest from the table of ctr', () => {
    const digest = `sha256:${'a1'.repeat(32)}`;
    const table = `REF TYPE DIGEST SIZE PLATFORMS LABELS
registry.vapp.internal:5000/counter@${digest} application/vnd.docker.distribution.manifest.v2+json ${digest} 1.0 MiB linux/amd64 io.cri-containerd.image=managed
docker.io/rancher/mirrored-pause:3.6 - - - - -
`;
    assert.deepEqual(readImages(table), [{ name: `registry.vapp.internal:5000/counter@${digest}`, digest }]);
  });

  it('are none when there are none', () => {
    assert.deepEqual(readImages('REF TYPE DIGEST SIZE PLATFORMS LABELS\n'), []);
  });
});
