import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, isCancelled, sleep, type SourceRange } from '../base';
import { KubeApi, KubeApiFailure, ToolFailure, dockerFailure, type ClusterAccess } from '../tools';
import { tolerate, type Engine } from './engine-changes';
import { K3D_OUTPUT, creationFailure, k3dProgress, notStarted } from './k3d-output';
import { k3dConfig, type ClusterPlan } from './k3d-config';
import { readNodeKubeconfig, writeKubeconfig } from './kubeconfig';
import { SERVICES_NAMESPACE, objectNames } from './names';
import { ownLabels } from './registry';

/** Longest time k3d may take, milliseconds; pulling its helper image is included. */
const K3D_TIMEOUT_MS = 10 * 60_000;
/** How long Kubernetes may take after k3d has found its node to be up, milliseconds. */
const API_PATIENCE_MS = 120_000;
const API_POLL_MS = 100;

export interface BootOptions {
  readonly engine: Engine;
  readonly access: ClusterAccess;
  readonly apiPort: number;
  readonly onProgress: (message: string) => void;
}

/**
 * Creates the cluster's nodes with k3d and waits until pods can be created in it. The network must be there.
 *
 * @throws Failure `cluster-not-created` ({@link takenPort} of its evidence tells whether a port is the cause),
 * `image-unavailable`, `cluster-not-ready`; Cancelled.
 */
export async function createCluster(plan: ClusterPlan, boot: BootOptions, imageRange?: SourceRange): Promise<void> {
  const { engine } = boot;
  const config = k3dConfig(plan);
  await bootCluster(boot, async (signal) => {
    const folder = await privateFolder(boot.access);
    try {
      const file = join(folder, 'k3d.yaml');
      await writeFile(file, config.text, { mode: 0o600 });
      await engine.toolbox.run('k3d', ['cluster', 'create', '--config', file], {
        // k3d leaves the expanded file, credentials included, in its folder for temporary files.
        env: { ...K3D_OUTPUT, ...config.env, TMPDIR: folder },
        signal,
        timeoutMs: K3D_TIMEOUT_MS,
        onLine: k3dProgress(boot.onProgress),
      });
    } catch (error) {
      throw error instanceof ToolFailure ? creationFailure(error, plan.cluster, plan.image, imageRange) : error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
  await tolerate([409], () =>
    engine.docker.createVolume({ Name: objectNames(engine.cluster).completionMark, Labels: ownLabels(engine) }),
  );
}

/** Starts the nodes of a stopped cluster and waits until pods can be created in it. */
export async function resumeCluster(boot: BootOptions): Promise<void> {
  const { engine } = boot;
  await bootCluster(boot, async (signal) => {
    try {
      await engine.toolbox.run('k3d', ['cluster', 'start', engine.cluster], {
        env: K3D_OUTPUT,
        signal,
        timeoutMs: K3D_TIMEOUT_MS,
        onLine: k3dProgress(boot.onProgress),
      });
    } catch (error) {
      throw error instanceof ToolFailure
        ? notStarted(error, `The local runtime ${engine.cluster} did not start.`)
        : error;
    }
  });
}

/** Waits for the API of a cluster whose nodes run; at once done when it is up. */
export async function awaitCluster(boot: BootOptions): Promise<void> {
  await bootCluster(boot, () => Promise.resolve());
}

/** Runs k3d and looks for the API at the same time: it answers before k3d has finished its last steps. */
async function bootCluster(boot: BootOptions, start: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { engine } = boot;
  const ended = new AbortController();
  const signal = engine.signal ? AbortSignal.any([engine.signal, ended.signal]) : ended.signal;
  const ready = apiReady(boot, signal);
  const outcome = ready.catch((error: unknown) => error);
  try {
    await start(signal);
    const late = sleep(API_PATIENCE_MS, signal).then(async () => {
      throw await notReady(engine);
    });
    await Promise.race([ready, late]);
  } finally {
    ended.abort();
    await outcome;
  }
}

/** Until the `default` service account exists, Kubernetes refuses every pod. */
async function apiReady({ engine, access, apiPort }: BootOptions, signal: AbortSignal): Promise<void> {
  const server = objectNames(engine.cluster).server;
  let written: string | undefined;
  for (;;) {
    const current = await readNodeKubeconfig(engine.docker, server);
    if (current !== undefined && current !== written) {
      await writeKubeconfig(access, current, apiPort);
      written = current;
    }
    if (written !== undefined && (await serviceAccountExists(access, signal))) return;
    await sleep(API_POLL_MS, signal);
  }
}

/** Asks until the account is there, or until the credentials prove to be outdated. */
async function serviceAccountExists(access: ClusterAccess, signal: AbortSignal): Promise<boolean> {
  const api = await KubeApi.open(access);
  try {
    for (let attempt = 0; attempt < ATTEMPTS_PER_KUBECONFIG; attempt += 1) {
      if (attempt > 0) await sleep(API_POLL_MS, signal);
      try {
        await api.get(`/api/v1/namespaces/${SERVICES_NAMESPACE}/serviceaccounts/default`, {}, signal);
        return true;
      } catch (error) {
        if (isCancelled(error, signal)) throw error;
        if (error instanceof KubeApiFailure && error.status === 401) return false;
        if (!(error instanceof Failure)) throw error;
      }
    }
    return false;
  } finally {
    api.close();
  }
}

const ATTEMPTS_PER_KUBECONFIG = 20;

async function privateFolder(access: ClusterAccess): Promise<string> {
  const parent = join(access.kubeconfig, '..');
  await mkdir(parent, { recursive: true, mode: 0o700 });
  return mkdtemp(join(parent, 'k3d-'));
}

async function notReady(engine: Engine): Promise<Failure> {
  return new Failure({
    code: 'cluster-not-ready',
    fault: 'environment',
    summary: `Kubernetes did not come up in ${engine.cluster} within ${API_PATIENCE_MS / 1000} s.`,
    evidence: await serverLog(engine),
    nextSteps: [
      'Check memory and disk of the machine: `vapp doctor`.',
      'Delete it and create it anew: `vapp delete`, `vapp up`.',
    ],
  });
}

async function serverLog(engine: Engine): Promise<string[]> {
  try {
    const log = await engine.docker
      .getContainer(objectNames(engine.cluster).server)
      .logs({ stdout: true, stderr: true, tail: 20, follow: false });
    return multiplexedLines(log);
  } catch (error) {
    return [dockerFailure(error).summary];
  }
}

/** The engine sends output in pieces, each behind eight bytes: the stream, three zeros, the length. */
function multiplexedLines(log: Buffer): string[] {
  let text = '';
  for (let start = 0; start + 8 <= log.length; start += 8 + log.readUInt32BE(start + 4)) {
    text += log.toString('utf8', start + 8, start + 8 + log.readUInt32BE(start + 4));
  }
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
