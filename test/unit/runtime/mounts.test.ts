import assert from 'node:assert/strict';
import { containerIdOf, identityOf } from '../../../src/runtime/mounts';

const ID = '470147c74dcb0b2fa1f8218cb1c99a9b7f71b4a1e6f8e845f3edde3e26333458';

const mount = (source: string, target: string) => `302 285 254:0 ${source} ${target} rw,relatime - ext4 /dev/vda rw`;

describe('the container in which a process runs', () => {
  it('is the one whose files the engine mounted', () => {
    const folder = `/var/lib/docker/containers/${ID}`;
    assert.equal(containerIdOf(mount(`${folder}/hostname`, '/etc/hostname')), ID);
    assert.equal(containerIdOf([mount('/', '/'), mount(`${folder}/hosts`, '/etc/hosts'), ''].join('\n')), ID);
  });

  it('is none on the engine’s machine, which sees what its containers mount', () => {
    const mounts = [
      mount(`/var/lib/docker/containers/${ID}/hostname`, `/var/lib/docker/containers/${ID}/hostname`),
      mount(`/var/lib/docker/containers/${ID}/mounts/shm`, '/dev/shm'),
      mount('/etc/hostname', '/etc/hostname'),
    ];
    assert.equal(containerIdOf(mounts.join('\n')), undefined);
    assert.equal(containerIdOf(''), undefined);
  });
});

describe('the identity of a workspace', () => {
  const inside = mount(`/var/lib/docker/containers/${ID}/hostname`, '/etc/hostname');
  const of = (path: string, ...mounts: string[]) => identityOf(path, mounts.join('\n'));

  it('is its path', () => {
    assert.equal(of('/home/ada/app', mount('/', '/'), mount('/home', '/home')), '/home/ada/app');
    assert.equal(of('/home/ada/app'), '/home/ada/app');
  });

  it('is in a container also where the path comes from: two of them may have the same', () => {
    const bind = (source: string) => of('/workspaces/app', inside, mount('/', '/'), mount(source, '/workspaces/app'));
    assert.equal(bind('/home/ada/app'), '/home/ada/app:/workspaces/app');
    assert.equal(bind('/home/bob/my\\040app'), '/home/bob/my app:/workspaces/app');
  });

  it('takes the nearest mount above the path', () => {
    const mounts = [mount('/srv', '/workspaces'), mount('/x', '/workspaces/ap'), mount('/y', '/workspaces/app/node')];
    assert.equal(of('/workspaces/app', inside, ...mounts), '/srv/app:/workspaces/app');
  });

  it('is its path where the container itself holds it', () => {
    assert.equal(of('/src/app', inside, mount('/', '/')), '/src/app');
  });
});
