import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parse } from 'yaml';
import { Failure } from '../../../src/base';
import { ownKubeconfig, readNodeKubeconfig, writeKubeconfig } from '../../../src/runtime/kubeconfig';
import type { Docker } from '../../../src/tools';

/** As k3s writes it, with shortened keys. */
const K3S = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://127.0.0.1:6443
  name: default
contexts:
- context: {cluster: default, user: default}
  name: default
current-context: default
kind: Config
users:
- name: default
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
`;

function tarOf(content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write('kubeconfig.yaml', 0);
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  const padding = Buffer.alloc(((512 - (Buffer.byteLength(content) % 512)) % 512) + 1024);
  return Buffer.concat([header, Buffer.from(content), padding]);
}

const dockerWith = (getArchive: () => Promise<unknown>) =>
  ({ getContainer: () => ({ getArchive }) }) as unknown as Docker;

describe('the kubeconfig', () => {
  it('is read from the node', async () => {
    const docker = dockerWith(() => Promise.resolve(Readable.from([tarOf(K3S)])));
    assert.equal(await readNodeKubeconfig(docker, 'node'), K3S);
  });

  it('is not there yet while the node has none, or an empty one', async () => {
    const missing = Object.assign(new Error('Could not find the file'), { statusCode: 404 });
    assert.equal(
      await readNodeKubeconfig(
        dockerWith(() => Promise.reject(missing)),
        'node',
      ),
      undefined,
    );
    assert.equal(
      await readNodeKubeconfig(
        dockerWith(() => Promise.resolve(Readable.from([tarOf('')]))),
        'node',
      ),
      undefined,
    );
  });

  it('gets our names and the port of this machine', () => {
    const config = parse(ownKubeconfig(K3S, 'k3d-vapp-x', 'https://127.0.0.1:20000')) as Record<string, unknown>;
    assert.equal(config['current-context'], 'k3d-vapp-x');
    assert.deepEqual(config['clusters'], [
      {
        name: 'k3d-vapp-x',
        cluster: { 'certificate-authority-data': 'Q0E=', server: 'https://127.0.0.1:20000' },
      },
    ]);
    assert.deepEqual(config['contexts'], [
      { name: 'k3d-vapp-x', context: { cluster: 'k3d-vapp-x', user: 'admin@k3d-vapp-x' } },
    ]);
  });

  it('is a failure when k3s wrote something else', () => {
    assert.throws(
      () => ownKubeconfig('kind: Config\n', 'k3d-vapp-x', 'https://127.0.0.1:1'),
      (error) => error instanceof Failure && error.code === 'kubeconfig-unreadable',
    );
  });

  it('is written for its owner alone, and nothing beside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vapp-kubeconfig-'));
    try {
      const access = { kubeconfig: join(folder, 'vapp-x', 'kubeconfig.yaml'), context: 'k3d-vapp-x' };
      await writeKubeconfig(access, K3S, 'https://127.0.0.1:20000');
      await writeKubeconfig(access, K3S, 'https://127.0.0.1:20001');
      assert.equal((await stat(access.kubeconfig)).mode & 0o777, 0o600);
      assert.match(await readFile(access.kubeconfig, 'utf8'), /127\.0\.0\.1:20001/);
      assert.deepEqual(await readdir(join(folder, 'vapp-x')), ['kubeconfig.yaml']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
