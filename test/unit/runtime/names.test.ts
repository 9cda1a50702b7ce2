import assert from 'node:assert/strict';
import fc from 'fast-check';
import { clusterName, kubeAccess } from '../../../src/runtime/names';

describe('cluster names', () => {
  it('name the folder and tell folders of the same name apart', () => {
    const first = clusterName('/home/ada/Seat Adjuster');
    const second = clusterName('/home/bob/Seat Adjuster');
    assert.match(first, /^vapp-seat-adjuster-[0-9a-f]{8}$/);
    assert.match(second, /^vapp-seat-adjuster-[0-9a-f]{8}$/);
    assert.notEqual(first, second);
    assert.equal(clusterName('/home/ada/Seat Adjuster'), first);
  });

  it('write letters with marks without them', () => {
    assert.match(clusterName('/srv/Gurt-Höhe'), /^vapp-gurt-hohe-/);
  });

  it('do without a slug when nothing of the folder can be in it', () => {
    assert.match(clusterName('/home/座席'), /^vapp-[0-9a-f]{8}$/);
  });

  it('are what k3d and Docker accept, whatever the folder is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }), (folder) => {
        const name = clusterName(`/w/${folder}`);
        assert.ok(name.length <= 32, name);
        assert.match(name, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        assert.doesNotMatch(name, /--/);
      }),
    );
  });

  it('lead to a kubeconfig of our own', () => {
    assert.deepEqual(kubeAccess('/data', 'vapp-x-12345678'), {
      kubeconfig: '/data/vapp-x-12345678/kubeconfig.yaml',
      context: 'k3d-vapp-x-12345678',
    });
  });
});
