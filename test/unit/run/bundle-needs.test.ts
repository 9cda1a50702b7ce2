import assert from 'node:assert/strict';
import { distinct, fullName, pulledByNodes } from '../../../src/run/bundle-needs';

describe('the images that nodes pull themselves', () => {
  it('are those with a tag that do not come from the workspace’s registry', () => {
    const listed = [
      'docker.io/rancher/mirrored-pause:3.6',
      'docker.io/rancher/mirrored-pause@sha256:74bf6fc6be13c4ec53a86a5acf9fdbc6787b176db0693659ad6ac89f115e182c',
      'sha256:6270bb605e12e581514ada5fd5b3216f727db55dc87d5889c790e4c760683fee',
      'registry.vapp.internal:5000/sampleapp@sha256:b0b3b695cc6c',
      'registry.vapp.internal:5000/sampleapp:local',
      'docker.io/library/busybox:1.36',
      'ghcr.io/owner/sidecar:2',
      '',
    ];
    assert.deepEqual(pulledByNodes(listed), ['busybox:1.36', 'ghcr.io/owner/sidecar:2', 'rancher/mirrored-pause:3.6']);
  });

  it('have a full name that containerd knows', () => {
    assert.equal(fullName('busybox:1'), 'docker.io/library/busybox:1');
    assert.equal(fullName('rancher/mirrored-pause:3.6'), 'docker.io/rancher/mirrored-pause:3.6');
    assert.equal(fullName('ghcr.io/owner/sidecar:2'), 'ghcr.io/owner/sidecar:2');
    assert.equal(fullName('localhost:5000/a:1'), 'localhost:5000/a:1');
  });

  it('are packed once, for their first purpose', () => {
    const images = [
      { name: 'a', purpose: 'service' },
      { name: 'b', purpose: 'base' },
      { name: 'a', purpose: 'base' },
    ];
    assert.deepEqual(distinct(images), images.slice(0, 2));
  });
});
