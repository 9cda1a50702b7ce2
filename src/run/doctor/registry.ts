import { get } from 'node:http';
import { isCancelled, messageOf } from '../../base';
import { CONTAINERD_HOSTS, REGISTRY_PULL_ADDRESS, objectNames } from '../../runtime';
import { dockerFailure, type Docker, type Toolbox } from '../../tools';
import { error, ok, together, warning, type Finding } from './check';
import type { Cluster, Engine, Facts } from './facts';

/** How long the registry may take for an answer, milliseconds. */
const ANSWER_MS = 5000;
/** How long a node may take to ask for it, seconds; and for the question to come back from there, milliseconds. */
const NODE_PATIENCE_S = 8;
const NODE_LIMIT_MS = 12_000;

/** How the way to the registry ended. */
export interface Way {
  /** Where it was asked; undefined when nobody knows. */
  readonly address: string | undefined;
  /** Why there was no answer, or another one than expected. */
  readonly reason?: string;
}

/** Whether images can be pushed from here, and pulled by each node under the name that deployed images have. */
export async function lookAtRegistry(
  facts: Facts,
  cluster: Cluster,
  { docker }: Engine,
  signal: AbortSignal,
): Promise<Finding> {
  const { toolbox } = facts.session;
  const { registry } = cluster.status;
  const address = registry?.direct ?? registry?.push;
  const [host, nodes, state] = await Promise.all([
    address === undefined ? { address } : askFromHere(address, signal),
    Promise.all(cluster.nodes.map(async (node) => ({ node, way: await askFromNode(toolbox, node, signal) }))),
    containerState(docker, objectNames(cluster.name).registry),
  ]);
  return judgeRegistry({ host, nodes, state, container: objectNames(cluster.name).registry });
}

export interface RegistryAnswers {
  readonly host: Way;
  readonly nodes: readonly { readonly node: string; readonly way: Way }[];
  /** Name of the registry's container. */
  readonly container: string;
  /** Docker's word for its state; undefined when there is none. */
  readonly state: string | undefined;
}

export function judgeRegistry({ host, nodes, container, state }: RegistryAnswers): Finding {
  const stopped = state !== 'running';
  const findings = [
    ...(stopped ? [error(`its container ${container} is ${state ?? 'gone'}`, revival(container, state))] : []),
    host.reason === undefined && host.address !== undefined
      ? ok(`${host.address} answers`)
      : error(`not reachable from this machine${told(host)}`, ...(stopped ? [] : lookInside(container))),
    ...nodes.map(({ node, way }) =>
      way.reason === undefined ? ok(`${node} reaches it as ${REGISTRY_PULL_ADDRESS}`) : judgeNode(node, way, stopped),
    ),
  ];
  return together(findings);
}

function revival(container: string, state: string | undefined): string {
  return state === 'paused' ? `Let it go on: \`docker unpause ${container}\`.` : 'Start it: `vapp up`.';
}

function judgeNode(node: string, way: Way, stopped: boolean): Finding {
  if (way.address === undefined)
    return warning(`whether ${node} reaches ${REGISTRY_PULL_ADDRESS} could not be told: ${way.reason ?? ''}`);
  return error(
    `not reachable from ${node} as ${REGISTRY_PULL_ADDRESS}${told(way)}`,
    ...(stopped
      ? []
      : [
          'Restart the runtime: `vapp stop`, then `vapp up`.',
          'If that does not help, make it anew: `vapp delete`, then `vapp up`.',
        ]),
  );
}

function lookInside(container: string): string[] {
  return [`Look at its output: \`docker logs ${container}\`.`, 'Restart the runtime: `vapp stop`, then `vapp up`.'];
}

function told({ address, reason }: Way): string {
  const at = address === undefined ? '' : ` at ${address}`;
  return `${at}${reason === undefined ? '' : ` (${reason})`}`;
}

async function askFromHere(address: string, signal: AbortSignal): Promise<Way> {
  // By address: `localhost` may be ::1 first, where the engine does not listen.
  const host = address.replace(/^localhost:/, '127.0.0.1:');
  try {
    const status = await statusOf(`http://${host}/v2/`, signal);
    return status === 200 ? { address } : { address, reason: `HTTP ${status}` };
  } catch (thrown) {
    if (isCancelled(thrown, signal)) throw thrown;
    return { address, reason: messageOf(thrown) };
  }
}

/** The status of a GET. Not by `fetch`, which would ask a proxy in some versions of Node. */
function statusOf(url: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: ANSWER_MS, signal }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    request.on('error', reject);
  });
}

/** Nobody has an image of this name; that the registry says so is the answer. */
const PROBE = `${REGISTRY_PULL_ADDRESS}/vapp-doctor/probe:none`;

/**
 * Asks from a node as its containerd does for a pod: by the name, over the mirror configured for it, through the node's
 * proxies. `content fetch` looks for the image itself in each version of containerd; of `images pull` later ones leave
 * that to the daemon, which does not tell how it went.
 */
async function askFromNode(toolbox: Toolbox, node: string, signal: AbortSignal): Promise<Way> {
  const question = ['ctr', '--debug', 'content', 'fetch', '--hosts-dir', CONTAINERD_HOSTS, PROBE];
  const { stderr } = await toolbox.run('docker', ['exec', node, 'sh', '-c', ENDING_BY_ITSELF, 'sh', ...question], {
    signal,
    timeoutMs: NODE_LIMIT_MS,
    acceptExitCodes: [1, TERMINATED],
  });
  return wayOf(stderr);
}

/**
 * Runs its arguments for so many seconds at most: ending `docker exec` ends nothing in the node, and k3s' busybox has no
 * `timeout`.
 */
const ENDING_BY_ITSELF = `"$@" & asked=$!
(sleep ${NODE_PATIENCE_S}; kill $asked) >/dev/null 2>&1 &
wait $asked`;
const TERMINATED = 128 + 15;

/** What containerd's log says of the first endpoint, which is the mirror; the second one is the name itself. */
export function wayOf(log: string): Way {
  const lines = log.split('\n').map((line) => ({ line, host: /\bhost="([^"]+)"/.exec(line)?.[1] }));
  const mirror = lines.find(({ host }) => host !== undefined && host !== REGISTRY_PULL_ADDRESS)?.host;
  if (mirror === undefined) {
    const last = log.trim().split('\n').at(-1) ?? '';
    return lines.some(({ host }) => host === REGISTRY_PULL_ADDRESS)
      ? { address: REGISTRY_PULL_ADDRESS, reason: 'the node does not know where that is' }
      : { address: undefined, reason: last };
  }
  const ofMirror = lines.filter(({ host }) => host === mirror).map(({ line }) => line);
  const status = ofMirror
    .map((line) => /response\.status="([^"]+)"/.exec(line)?.[1])
    .find((found) => found !== undefined);
  if (status !== undefined)
    return /^(200|404)\b/.test(status) ? { address: mirror } : { address: mirror, reason: status };
  const failure = ofMirror
    .map((line) => /\berror="((?:[^"\\]|\\.)*)"/.exec(line)?.[1])
    .find((found) => found !== undefined);
  return { address: mirror, reason: failure === undefined ? 'no answer' : causeOf(failure) };
}

/** `failed to do request: Head \"http://…\": dial tcp: lookup … no such host` → `dial tcp: lookup … no such host` */
function causeOf(message: string): string {
  return message.replace(/^failed to do request: \w+ \\"[^"]*\\": /, '').replaceAll('\\"', '"');
}

async function containerState(docker: Docker, name: string): Promise<string | undefined> {
  try {
    return (await docker.getContainer(name).inspect()).State.Status;
  } catch (thrown) {
    if ((thrown as { statusCode?: number }).statusCode === 404) return undefined;
    throw dockerFailure(thrown);
  }
}
