import { Failure, sleep } from '../base';
import type { Engine } from './engine-changes';

/** How gRPC, by which the engine speaks with its containerd, says that it is away. */
const AWAY = /containerd\.sock|error reading from server: .*: unavailable\b/;
const POLL_MS = 250;
/** Engines start a containerd that has ended again after about ten seconds. */
const PATIENCE_MS = 30_000;

/**
 * Whether something has failed because the engine's containerd had ended, and it is there again, so that it can be tried
 * once more. The engine itself answers all the time; without containerd it only cannot start a container.
 *
 * @param onWait called when it has to be waited for.
 * @throws Cancelled.
 */
export async function containerdIsBack(
  engine: Pick<Engine, 'docker' | 'signal'>,
  error: unknown,
  onWait: () => void,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  if (!(error instanceof Failure) || !AWAY.test([error.summary, ...error.evidence].join('\n'))) return false;
  const started = performance.now();
  for (let waited = false; performance.now() - started < patienceMs; waited = true) {
    if (await hasContainerd(engine)) return true;
    if (!waited) onWait();
    await sleep(POLL_MS, engine.signal);
  }
  return false;
}

/** An engine whose containerd is away leaves it out when it tells the versions of its parts. */
async function hasContainerd({ docker }: Pick<Engine, 'docker'>): Promise<boolean> {
  try {
    const { Components } = await docker.version();
    return Components.some(({ Name }) => Name === 'containerd');
  } catch {
    // An engine that has gone as well may come back as well.
    return false;
  }
}
