import { Failure, sleep } from '../base';
import { dockerFailure } from '../tools';
import type { Engine } from './engine-changes';
import { objectNames } from './names';

/** How long what is waited for, milliseconds. */
interface Patience {
  /** Kubernetes, in a running node. */
  readonly api: number;
  /** A node in which k3s does not run for so long has none that would still begin. */
  readonly empty: number;
  /** A node that nobody is starting is restarted after so much silence; as long it may take then. */
  readonly silence: number;
  /** Between two looks. */
  readonly poll: number;
}

const PATIENCE: Patience = { api: 180_000, empty: 14_000, silence: 120_000, poll: 2000 };

/** What kept the cluster from being used, as far as has been seen. */
export interface ApiTrouble {
  last?: Failure;
}

interface Boot {
  readonly engine: Engine;
  readonly onProgress: (message: string) => void;
}

/**
 * Never resolves. Throws when k3d fails, when the node has ended, or when Kubernetes takes too long in it.
 *
 * A node that runs, that k3d is not at work on, and in which no Kubernetes comes up is restarted, once: k3s may have
 * ended in it unnoticed (see {@link k3sRuns}), or what leads to it is broken. That mends what a disk that was full, an
 * engine or a node that crashed have left, and takes nothing away, since all that Kubernetes knows is on a volume. When
 * it does not help, this fails. A cluster that had come up once is never deleted for it, however broken it looks: what
 * is in it belongs to the user, and from outside it cannot be told from one that lacks memory, space or time. One whose
 * creation did not come to its end has nothing in it, and the next start creates it anew.
 *
 * @throws Failure `cluster-not-ready`; whatever k3d's promise rejects with; Cancelled.
 */
export async function untilOverdue(
  { engine, onProgress }: Boot,
  finished: Promise<void>,
  trouble: ApiTrouble,
  signal: AbortSignal,
  patience: Patience = PATIENCE,
): Promise<never> {
  const k3d = { ended: false };
  const k3dFailed = new Promise<never>((_, reject) => {
    finished.then(() => (k3d.ended = true), reject);
  });
  // It may fail while nobody is looking; the next look finds it.
  k3dFailed.catch(() => undefined);
  let restarted = false;
  let emptyMs = 0;
  /** Whether k3s has been seen in the node. */
  let seen = false;
  for (let leftMs = patience.api; leftMs > 0;) {
    await Promise.race([sleep(patience.poll, signal), k3dFailed]);
    const state = await serverState(engine);
    if (state !== 'running' && state !== 'restarting') {
      if (k3d.ended) throw await notReady(engine, `its node is ${state ?? 'gone'}`, trouble);
      continue;
    }
    leftMs -= patience.poll;
    const runs = await k3sRuns(engine);
    seen ||= runs === true;
    emptyMs = runs === false ? emptyMs + patience.poll : 0;
    const isEmpty = emptyMs >= patience.empty;
    // Nothing is given up for what may only look different than expected.
    if (isEmpty && seen && (restarted || !k3d.ended))
      throw await notReady(engine, 'k3s has ended in its node', trouble);
    if (k3d.ended && !restarted && (isEmpty || leftMs <= patience.api - patience.silence)) {
      restarted = true;
      onProgress(`Restarting the node: ${isEmpty ? 'k3s has ended in it' : 'nothing in it answers'}`);
      await restartServer(engine);
      [leftMs, emptyMs] = [patience.silence, 0];
    }
  }
  const waitedMs = restarted ? patience.silence : patience.api;
  throw await notReady(engine, `nothing answers ${waitedMs / 1000} s after its node has started`, trouble);
}

/**
 * Whether k3s runs in a node that runs. k3d's entrypoint starts it and then asks it, for ever, to take pods; when it
 * has ended by then, because its disk was full for example, the container runs on with nothing in it.
 *
 * @returns undefined where the engine cannot tell.
 */
async function k3sRuns(engine: Engine): Promise<boolean | undefined> {
  try {
    const { Processes } = (await server(engine).top()) as { readonly Processes: readonly (readonly string[])[] | null };
    return Processes?.some((columns) => K3S.test(columns.at(-1) ?? ''));
  } catch {
    return undefined;
  }
}

/** Its name in the list of processes differs between releases; as `k3s kubectl` it is what the entrypoint asks with. */
const K3S = /^(\S*\/)?k3s[\w-]*(\s+(?!kubectl)|$)/;

async function restartServer(engine: Engine): Promise<void> {
  try {
    await server(engine).restart({ t: STOP_GRACE_S });
  } catch (error) {
    throw await notReady(engine, 'its node could not be restarted', { last: dockerFailure(error) });
  }
}

/** k3d's entrypoint tries to empty the node first, which nobody is there for. */
const STOP_GRACE_S = 1;

async function serverState(engine: Engine): Promise<string | undefined> {
  try {
    return (await server(engine).inspect()).State.Status;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw dockerFailure(error);
  }
}

async function notReady(engine: Engine, reason: string, { last }: ApiTrouble): Promise<Failure> {
  return new Failure({
    code: 'cluster-not-ready',
    fault: 'environment',
    summary: `Kubernetes did not come up in ${engine.cluster}: ${reason}.`,
    evidence: [...(last ? [last.summary, ...last.evidence] : []), ...(await serverLog(engine))],
    nextSteps: [
      'Check memory and disk of the machine: `vapp doctor`.',
      'Delete it and create it anew: `vapp delete`, `vapp up`.',
    ],
  });
}

async function serverLog(engine: Engine): Promise<string[]> {
  try {
    return multiplexedLines(await server(engine).logs({ stdout: true, stderr: true, tail: 20, follow: false }));
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

function server(engine: Engine) {
  return engine.docker.getContainer(objectNames(engine.cluster).server);
}
