import { isCancelled, sleep } from '../base';
import type { PodPicture } from '../state';

/** Forwards to one pod until the signal fires or the connection to it is lost, which reject; resolves when the pod is gone. */
export type ForwardToPod = (pod: string, onReady: () => void, signal: AbortSignal) => Promise<void>;

/** Waits between attempts, milliseconds; each time twice as long. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/**
 * Keeps a port forwarded to an app whatever becomes of its pods: when the one at hand is replaced, it goes over to
 * another, on the same port of this machine. It ends by {@link PortForward.stop}, or when a pod that is there cannot be
 * reached the first time.
 */
export class PortForward {
  private readonly stopper = new AbortController();
  private pods: readonly PodPicture[] = [];
  /** The pod that is forwarded to, and what ends that. */
  private current: { readonly pod: string; readonly stopper: AbortController } | undefined;
  private wake: () => void = () => undefined;
  private ready = false;
  private onceReady: () => void = () => undefined;

  /** Resolves when connections are taken for the first time. Never, if that does not happen. */
  readonly whenReady = new Promise<void>((resolve) => (this.onceReady = resolve));
  /** Resolves when it was stopped; rejects with why it never worked. The process is gone by then. */
  readonly ended: Promise<void>;

  /** @param wish the pod to begin with. */
  constructor(
    private readonly forwardTo: ForwardToPod,
    pods: readonly PodPicture[],
    private readonly wish?: string,
  ) {
    this.pods = pods;
    this.stopper.signal.addEventListener('abort', () => this.wake(), { once: true });
    this.ended = this.keep();
    // Whoever waits for it hears of a failure; that nobody does yet is no defect.
    this.ended.catch(() => undefined);
  }

  /** Tells the app's pods as they are now. */
  update(pods: readonly PodPicture[]): void {
    this.pods = pods;
    const { current } = this;
    if (current && !pods.some((pod) => pod.name === current.pod && isUsable(pod))) current.stopper.abort();
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopper.abort();
    await this.ended.catch(() => undefined);
  }

  private async keep(): Promise<void> {
    const { signal } = this.stopper;
    let waitMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      const pod = choosePod(this.pods, this.wish);
      if (!pod) {
        await this.podsChange();
        continue;
      }
      const reached = await this.attempt(pod.name);
      waitMs = reached ? FIRST_RETRY_MS : Math.min(waitMs * 2, LAST_RETRY_MS);
      const overdue = new AbortController();
      await Promise.race([sleep(waitMs, AbortSignal.any([signal, overdue.signal])), this.podsChange()]).catch(
        () => undefined,
      );
      overdue.abort();
    }
  }

  /** Whether connections were taken. @throws why not, when none ever were. */
  private async attempt(pod: string): Promise<boolean> {
    const stopper = new AbortController();
    const signal = AbortSignal.any([this.stopper.signal, stopper.signal]);
    this.current = { pod, stopper };
    let reached = false;
    try {
      await this.forwardTo(
        pod,
        () => {
          reached = true;
          this.ready = true;
          this.onceReady();
        },
        signal,
      );
    } catch (error) {
      // Later on a lost connection is what is to be expected of a pod that is replaced.
      if (!this.ready && !isCancelled(error, signal)) throw error;
    } finally {
      this.current = undefined;
    }
    return reached;
  }

  /** Resolves when the pods change or the forward is stopped. */
  private podsChange(): Promise<void> {
    if (this.stopper.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => (this.wake = resolve));
  }
}

/** The pod to forward to: the one wished for, else a ready one, the newest first. */
export function choosePod(pods: readonly PodPicture[], wish?: string): PodPicture | undefined {
  const usable = pods.filter(isUsable);
  const byAge = [...usable].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  return usable.find(({ name }) => name === wish) ?? byAge.find(({ ready }) => ready) ?? byAge[0];
}

function isUsable({ phase, deleting }: PodPicture): boolean {
  return phase === 'Running' && !deleting;
}
