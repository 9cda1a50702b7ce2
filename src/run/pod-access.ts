import { createServer, type AddressInfo } from 'node:net';
import { Failure, isCancelled } from '../base';
import { KubeApi, KubeApiFailure, ToolFailure, type ClusterAccess, type Command, type Toolbox } from '../tools';

/** A container of a running pod. */
export interface ContainerPlace {
  readonly access: ClusterAccess;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** A TCP port that a container declares. */
export interface ContainerPort {
  readonly container: string;
  readonly port: number;
  readonly name?: string;
}

/** A pod of a cluster. */
export type PodPlace = Omit<ContainerPlace, 'container'>;

/** The TCP ports that the containers of a pod declare, in their order. A container may listen on others, too. */
export async function podPorts(place: PodPlace, signal?: AbortSignal): Promise<readonly ContainerPort[]> {
  return declaredPorts(await readPod(place, signal));
}

/**
 * Whether a pod is there, runs and is not on its way out, asked of Kubernetes now.
 *
 * @throws Cancelled; Failure when Kubernetes cannot be asked.
 */
export async function podRuns(place: PodPlace, signal?: AbortSignal): Promise<boolean> {
  try {
    return isRunning(await readPod(place, signal));
  } catch (error) {
    if (error instanceof KubeApiFailure && error.status === 404) return false;
    throw error;
  }
}

async function readPod({ access, namespace, pod }: PodPlace, signal?: AbortSignal): Promise<PodObject> {
  const api = await KubeApi.open(access);
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
    return await api.get<PodObject>(path, {}, signal);
  } finally {
    api.close();
  }
}

/** The parts of a pod that are read here, as the Kubernetes API writes them. */
interface PodObject {
  readonly metadata?: { readonly deletionTimestamp?: string };
  readonly status?: { readonly phase?: string };
  readonly spec?: {
    readonly containers?: readonly {
      readonly name: string;
      readonly ports?: readonly {
        readonly containerPort: number;
        readonly name?: string;
        readonly protocol?: string;
      }[];
    }[];
  };
}

/** Reads the ports from a pod as the Kubernetes API writes it. */
export function declaredPorts({ spec }: PodObject): readonly ContainerPort[] {
  return (spec?.containers ?? []).flatMap(({ name: container, ports = [] }) =>
    ports
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .map(({ containerPort: port, name }) => ({ container, port, ...(name === undefined ? {} : { name }) })),
  );
}

/** Whether a pod, as the Kubernetes API writes it, runs and is not being deleted. */
export function isRunning({ metadata, status }: PodObject): boolean {
  return status?.phase === 'Running' && metadata?.deletionTimestamp === undefined;
}

export interface ForwardRequest extends PodPlace {
  readonly podPort: number;
  /** Port of 127.0.0.1. */
  readonly localPort: number;
}

/** A port of this machine that is free: the one wished for, else any. @throws Failure `no-free-port`. */
export async function freeLocalPort(wish: number): Promise<number> {
  const unprivileged = wish < FIRST_UNPRIVILEGED_PORT ? wish + UNPRIVILEGED_OFFSET : wish;
  const port = (await listenedOn(unprivileged)) ?? (await listenedOn(ANY_PORT));
  if (port !== undefined) return port;
  throw new Failure({
    code: 'no-free-port',
    fault: 'environment',
    summary: 'No port of 127.0.0.1 can be listened on.',
  });
}

const FIRST_UNPRIVILEGED_PORT = 1024;
/** 80 becomes 8080, as people are used to. */
const UNPRIVILEGED_OFFSET = 8000;
const ANY_PORT = 0;

/** Tries a port by listening on it for a moment. */
function listenedOn(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}

/**
 * Forwards a port of this machine to a pod, until the signal fires or the pod is gone.
 *
 * @param onReady called when connections are taken.
 * @throws Cancelled; ToolFailure when the connection to the pod is lost, or the port cannot be listened on.
 */
export async function forwardPort(
  toolbox: Pick<Toolbox, 'run'>,
  { access, namespace, pod, podPort, localPort }: ForwardRequest,
  onReady: () => void,
  signal: AbortSignal,
): Promise<void> {
  const ports = `${localPort}:${podPort}`;
  await toolbox.run(
    'kubectl',
    [...placeArguments(access, namespace), 'port-forward', '--address', '127.0.0.1', `pod/${pod}`, ports],
    {
      signal,
      killAfterMs: 1000,
      maxCapture: 16 * 1024,
      onLine: (line) => {
        if (line.startsWith('Forwarding from')) onReady();
      },
    },
  );
}

/** Whether a container has a shell, which it tells by running it. @throws Cancelled; ToolFailure when it cannot be asked. */
export async function hasShell(
  toolbox: Pick<Toolbox, 'run'>,
  { access, namespace, pod, container }: ContainerPlace,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await toolbox.run(
      'kubectl',
      [...placeArguments(access, namespace), 'exec', pod, '-c', container, '--', 'sh', '-c', 'exit'],
      { signal, timeoutMs: SHELL_ANSWER_MS, maxCapture: 16 * 1024 },
    );
    return true;
  } catch (error) {
    if (!isCancelled(error, signal) && error instanceof ToolFailure && saysNoShell(error)) return false;
    throw error;
  }
}

const SHELL_ANSWER_MS = 20_000;

/** What runc and crun say of a program that the image does not have; 126 and 127 are what a shell would answer. */
function saysNoShell({ exitCode, stderr }: ToolFailure): boolean {
  return (
    exitCode === 126 || exitCode === 127 || /executable file (`sh' )?not found|no such file or directory/i.test(stderr)
  );
}

/** The program with its arguments that opens a shell in a container, bash where it has one. For a terminal. */
export async function shellCommand(
  toolbox: Pick<Toolbox, 'path'>,
  { access, namespace, pod, container }: ContainerPlace,
): Promise<Pick<Command, 'program' | 'args'>> {
  const shell = 'if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi';
  return {
    program: await toolbox.path('kubectl'),
    args: [...placeArguments(access, namespace), 'exec', '-it', pod, '-c', container, '--', 'sh', '-c', shell],
  };
}

function placeArguments({ kubeconfig, context }: ClusterAccess, namespace: string): string[] {
  return ['--kubeconfig', kubeconfig, '--context', context, '--namespace', namespace];
}
