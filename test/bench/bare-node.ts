import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_K3S_IMAGE } from '../../src/runtime';
import { K3S_ARGUMENTS } from '../../src/runtime/k3d-config';
import { readNodeKubeconfig, writeKubeconfig } from '../../src/runtime/kubeconfig';
import { KubeApi, Toolbox, dockerClient, type KubeList } from '../../src/tools';
import type { TestBed } from './bed';
import { run } from './process';

const NAME = 'vapp-bench-bare-node';
const LIMIT_MS = 120_000;
const POLL_MS = 50;

/**
 * Seconds that a node takes which nobody manages: `docker run` of its image with the arguments that ours has, until
 * pods can be created and placed in it. Whoever wants a cluster in containers waits for this.
 */
export async function secondsOfBareNode(bed: TestBed): Promise<number> {
  const docker = await dockerClient(new Toolbox(bed.env));
  const access = { kubeconfig: join(bed.folder, `${NAME}.kubeconfig`), context: NAME };
  const started = performance.now();
  const deadline = started + LIMIT_MS;
  try {
    await run(
      bed.tool('docker', [...RUN, DEFAULT_K3S_IMAGE, 'server', ...K3S_ARGUMENTS.server, ...K3S_ARGUMENTS.node]),
    );
    const written = await until(() => readNodeKubeconfig(docker, NAME), deadline);
    const port = (await run(bed.tool('docker', ['port', NAME, '6443/tcp']))).trim();
    await writeKubeconfig(access, written, `https://${port}`);
    const api = await KubeApi.open(access);
    try {
      await until(async () => ((await takesPods(api)) ? true : undefined), deadline);
    } finally {
      api.close();
    }
    return (performance.now() - started) / 1000;
  } finally {
    await run(bed.tool('docker', ['rm', '--force', '--volumes', NAME]));
  }
}

/** As k3d starts it, in what matters to how long it takes. */
const RUN = [
  ...['run', '--detach', '--name', NAME, '--hostname', NAME, '--privileged', '--init'],
  ...['--tmpfs', '/run', '--tmpfs', '/var/run', '--publish', '127.0.0.1:0:6443'],
  ...['--env', 'K3S_TOKEN=bench', '--env', 'K3S_KUBECONFIG_OUTPUT=/output/kubeconfig.yaml'],
];

interface Node {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function takesPods(api: KubeApi): Promise<boolean> {
  try {
    await api.get('/api/v1/namespaces/default/serviceaccounts/default');
    const { items } = await api.get<KubeList<Node>>('/api/v1/nodes');
    return items.some(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
  } catch {
    // While it comes up it answers with whatever it has; in the end the limit tells.
    return false;
  }
}

async function until<T>(look: () => Promise<T | undefined>, deadline: number): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`a bare node was not ready within ${LIMIT_MS} ms`);
    await sleep(POLL_MS);
  }
}
