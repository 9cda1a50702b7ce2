import { readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, isCancelled, messageOf, sleep, type SourceRange } from '../base';
import { KubeApi, KubeApiFailure, ToolFailure, kubernetes, type ClusterAccess } from '../tools';
import { removeContainers, tolerate, type Engine } from './engine-changes';
import { K3D_OUTPUT, K3D_TIMEOUT_MS, creationFailure, k3dProgress, k3dUnfinished, notStarted } from './k3d-output';
import { k3dConfig, type ClusterPlan, type K3dConfig } from './k3d-config';
import { readNodeKubeconfig, writeKubeconfig } from './kubeconfig';
import { untilOverdue, type ApiTrouble } from './overdue';
import { SERVICES_NAMESPACE, objectNames } from './names';
import { inPrivateFolder } from './private-folder';
import { apiAddress } from './reach';
import { ownLabels } from './registry';

/** How long k3d may go on after Kubernetes has come up, milliseconds. Agents are started in this time. */
const K3D_PATIENCE_MS = 120_000;
const API_POLL_MS = 100;

export interface BootOptions {
  readonly engine: Engine;
  readonly access: ClusterAccess;
  readonly apiPort: number;
  readonly onProgress: (message: string) => void;
}

/** A cluster that takes pods already, while k3d may still be at its last steps. */
export interface BootedCluster {
  /** Settles with k3d. Until then nobody else may change the cluster. */
  readonly finished: Promise<void>;
}

/**
 * Creates the cluster's nodes with k3d and waits until pods can be created in it. The network must be there.
 *
 * @throws Failure `cluster-not-created` ({@link takenPort} of its evidence tells whether a port is the cause),
 * `image-unavailable`, `cluster-not-ready`, `k3d-unfinished`; Cancelled.
 */
export async function createCluster(
  plan: ClusterPlan,
  boot: BootOptions,
  imageRange?: SourceRange,
): Promise<BootedCluster> {
  const { engine } = boot;
  const booted = await bootCluster(boot, async (signal) => {
    try {
      await runWithConfig(k3dConfig(plan), boot, signal);
      await removeTools(boot);
    } catch (error) {
      throw error instanceof ToolFailure ? creationFailure(error, plan.cluster, plan.image, imageRange) : error;
    }
  });
  // Agents are started after the server. Without any, all that is left are names in the cluster's DNS.
  if (plan.agents > 0) await booted.finished;
  await tolerate([409], () =>
    engine.docker.createVolume({ Name: objectNames(engine.cluster).completionMark, Labels: ownLabels(engine) }),
  );
  return booted;
}

async function runWithConfig(config: K3dConfig, boot: BootOptions, signal: AbortSignal): Promise<void> {
  await inPrivateFolder(dirname(boot.access.kubeconfig), async (folder) => {
    const emptied = async () => {
      for (const file of await readdir(folder)) await rm(join(folder, file), { force: true });
    };
    let configRead = false;
    const onLine = k3dProgress(boot.onProgress);
    const file = join(folder, 'k3d.yaml');
    await writeFile(file, config.text, { mode: 0o600 });
    await boot.engine.toolbox.run('k3d', ['cluster', 'create', '--config', file], {
      env: { ...K3D_OUTPUT, ...config.env, TMPDIR: folder },
      signal,
      timeoutMs: K3D_TIMEOUT_MS,
      onLine: (line) => {
        // It speaks only after it has read the file. Should this fail, the folder goes at the end.
        if (!configRead) emptied().catch(() => undefined);
        configRead = true;
        onLine(line);
      },
    });
  });
}

/**
 * Starts the nodes of a stopped cluster and waits until pods can be created in it. That is some seconds before k3d
 * ends, which waits for k3s to have set up the cluster's DNS, to add names of this machine to it.
 */
export async function resumeCluster(boot: BootOptions): Promise<BootedCluster> {
  const { engine } = boot;
  return bootCluster(boot, async (signal) => {
    try {
      await inPrivateFolder(dirname(boot.access.kubeconfig), (folder) =>
        engine.toolbox.run('k3d', ['cluster', 'start', engine.cluster], {
          env: { ...K3D_OUTPUT, TMPDIR: folder },
          signal,
          timeoutMs: K3D_TIMEOUT_MS,
          onLine: k3dProgress(boot.onProgress),
        }),
      );
      await removeTools(boot);
    } catch (error) {
      throw error instanceof ToolFailure
        ? notStarted(error, `The local runtime ${engine.cluster} did not start.`)
        : error;
    }
  });
}

/** k3d takes its helper away itself, and does not mind when the engine refuses that, as it does while in trouble. */
async function removeTools({ engine, onProgress }: BootOptions): Promise<void> {
  try {
    await removeContainers(engine, [objectNames(engine.cluster).tools]);
  } catch (error) {
    // The cluster is up; when its nodes are started the next time, what is left goes.
    onProgress(`The helper container of k3d could not be removed: ${messageOf(error)}`);
  }
}

/** Waits for the API of a cluster whose nodes run; at once done when it is up. */
export async function awaitCluster(boot: BootOptions): Promise<BootedCluster> {
  return bootCluster(boot, () => Promise.resolve());
}

/** Runs k3d and looks for the API at the same time. When it throws, k3d has ended. */
async function bootCluster(boot: BootOptions, start: (signal: AbortSignal) => Promise<void>): Promise<BootedCluster> {
  const { engine } = boot;
  const abandoned = new AbortController();
  const finished = start(withSignal(engine.signal, abandoned));
  const waiting = new AbortController();
  const signal = withSignal(engine.signal, waiting);
  const trouble: ApiTrouble = {};
  const ready = apiReady(boot, trouble, signal);
  const overdue = untilOverdue(boot, finished, trouble, signal);
  try {
    await Promise.race([ready, overdue]);
    const inTime = finishedInTime(engine, finished, abandoned);
    // Whoever waits for it gets the failure, however late they begin to wait.
    inTime.catch(() => undefined);
    return { finished: inTime };
  } catch (error) {
    abandoned.abort();
    await finished.catch(() => undefined);
    throw error;
  } finally {
    waiting.abort();
    await Promise.allSettled([ready, overdue]);
  }
}

function withSignal(outer: AbortSignal | undefined, inner: AbortController): AbortSignal {
  return outer ? AbortSignal.any([outer, inner.signal]) : inner.signal;
}

/** Settles with k3d, which is ended when it is long after Kubernetes has come up. */
async function finishedInTime(engine: Engine, finished: Promise<void>, abandoned: AbortController): Promise<void> {
  const timer = setTimeout(() => abandoned.abort(), K3D_PATIENCE_MS);
  try {
    await finished;
  } catch (error) {
    if (abandoned.signal.aborted && isCancelled(error, abandoned.signal)) throw k3dUnfinished(engine.cluster);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Until the `default` service account exists, Kubernetes refuses every pod. */
async function apiReady(
  { engine, access, apiPort }: BootOptions,
  trouble: ApiTrouble,
  signal: AbortSignal,
): Promise<void> {
  const server = objectNames(engine.cluster).server;
  let written: string | undefined;
  for (let look = 1; ; look += 1) {
    // Loading it takes a third of a second, in which nothing else happens here: not before k3d is at work.
    if (look === LOOKS_BEFORE_LOADING) kubernetes().catch(() => undefined);
    const current = await readNodeKubeconfig(engine.docker, server);
    if (current !== undefined && current !== written) {
      await writeKubeconfig(access, current, apiAddress(engine.reach, engine.cluster, apiPort));
      written = current;
    }
    if (written !== undefined && (await serviceAccountExists(access, trouble, signal))) return;
    await sleep(API_POLL_MS, signal);
  }
}

/** Asks until the account is there, or until the credentials prove to be outdated. */
async function serviceAccountExists(access: ClusterAccess, trouble: ApiTrouble, signal: AbortSignal): Promise<boolean> {
  const api = await KubeApi.open(access);
  try {
    for (let attempt = 0; attempt < ATTEMPTS_PER_KUBECONFIG; attempt += 1) {
      if (attempt > 0) await sleep(API_POLL_MS, signal);
      try {
        await api.get(`/api/v1/namespaces/${SERVICES_NAMESPACE}/serviceaccounts/default`, {}, signal);
        return true;
      } catch (error) {
        if (isCancelled(error, signal)) throw error;
        if (error instanceof Failure) trouble.last = error;
        if (error instanceof KubeApiFailure && error.status === 401) return false;
        // Time alone does not mend a clock.
        if (!(error instanceof Failure) || error.code === 'clock-differs') throw error;
      }
    }
    return false;
  } finally {
    api.close();
  }
}

const ATTEMPTS_PER_KUBECONFIG = 20;
const LOOKS_BEFORE_LOADING = 5;
