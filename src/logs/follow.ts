import { setMaxListeners } from 'node:events';
import type { V1Pod } from '@kubernetes/client-node';
import { Cancelled, Failure, isCancelled, messageOf } from '../base';
import { KubeApiFailure, type KubeQuery } from '../tools';
import { ContainerFollower, type FeedContext } from './container-follower';
import { containerNames } from './containers';
import { EventQueue } from './event-queue';
import { PatientApi } from './patient-api';
import { watchPods } from './pod-watch';
import { TrackedPod } from './pods';
import { watchStarts } from './start-events';
import { timestampOf, type Timestamp } from './timestamp';
import type { LogEvent, LogRequest } from './types';

/** Events held for a slow reader before sockets are no longer read. */
const QUEUE_CAPACITY = 2048;
const ONE_SHOT_PATIENCE_MS = 10_000;

/**
 * Delivers what the containers of the selected pods write: every line once, in order per container, across restarts,
 * replaced pods and times in which the cluster is away. What Kubernetes no longer has is told as a `gap`. Events come
 * as they are there, several at once in a flood, never none.
 *
 * Nothing starts before the first event is asked for. A slow reader slows the containers' streams down; no more than
 * some thousand events are held. Nothing tells, though, of what the kubelet itself leaves out for a reader that was too
 * slow to follow while a log was rotated twice (by default, every 10 MiB). With `follow` the events end only by cancelling: by the signal (the reader gets
 * `Cancelled`) or by ending the loop over them (`return()`), which both close all connections.
 *
 * The reader gets `Failure` `logs-refused` (the API denies access) and, without `follow`, `cluster-unreachable` or
 * `logs-unavailable`.
 */
export function followLogs(request: LogRequest): AsyncIterable<readonly LogEvent[], undefined> {
  if (request.selectors.length === 0 && !request.pods?.length) {
    throw new Failure({
      code: 'logs-without-selector',
      fault: 'app',
      summary: 'There is no workload whose pods could be followed.',
    });
  }
  if (request.previous && request.follow) {
    throw new Failure({
      code: 'logs-previous-followed',
      fault: 'usage',
      summary: 'What a container wrote before its restart cannot be followed.',
    });
  }
  return { [Symbol.asyncIterator]: () => new LogFeed(request) };
}

class LogFeed implements AsyncIterator<readonly LogEvent[], undefined> {
  private readonly stopping = new AbortController();
  private readonly queue = new EventQueue<LogEvent>(QUEUE_CAPACITY);
  private readonly tasks = new Set<Promise<void>>();
  private readonly pods = new Map<string, FollowedPod>();
  private readonly api: PatientApi;
  private readonly context: FeedContext;
  private started = false;

  constructor(private readonly request: LogRequest) {
    const { signal } = this.stopping;
    const { queue } = this;
    // Each container that is followed listens to it; by default Node takes more than ten for a leak, and says so.
    setMaxListeners(0, signal);
    this.api = new PatientApi(
      request.access,
      {
        interrupted: (message) => queue.push({ type: 'interrupted', message }),
        resumed: () => queue.push({ type: 'resumed' }),
      },
      signal,
      request.follow ? undefined : ONE_SHOT_PATIENCE_MS,
    );
    this.context = {
      api: this.api,
      queue,
      signal,
      follow: request.follow,
      from: startOf(request.since),
      tail: request.tail,
      previous: request.previous === true,
    };
  }

  next(): Promise<IteratorResult<readonly LogEvent[], undefined>> {
    if (!this.started) this.start();
    return this.queue.next();
  }

  async return(): Promise<IteratorResult<readonly LogEvent[], undefined>> {
    this.started = true;
    this.queue.discard();
    this.stop();
    await Promise.allSettled([...this.tasks, this.api.close()]);
    return { done: true, value: undefined };
  }

  private start(): void {
    this.started = true;
    const { signal } = this.request;
    if (signal?.aborted) {
      this.cancel();
      return;
    }
    signal?.addEventListener('abort', this.cancel, { once: true });
    const { namespace, follow } = this.request;
    const listener = {
      seen: (pod: V1Pod, initial: boolean) => this.seen(pod, initial),
      gone: (uid: string, last?: V1Pod) => this.gone(uid, last),
    };
    for (const query of podQueries(this.request)) {
      const watch = watchPods(this.api, namespace, query, listener, this.stopping.signal);
      this.track(follow ? watch.run() : this.api.persist(() => watch.list()));
    }
    if (!follow) return;
    const started = (uid: string, container: string) => this.pods.get(uid)?.pod.noteStart(container);
    this.track(watchStarts(this.api, namespace, started, this.stopping.signal));
  }

  private readonly cancel = (): void => {
    this.queue.fail(new Cancelled());
    this.stop();
  };

  private stop(): void {
    this.request.signal?.removeEventListener('abort', this.cancel);
    this.stopping.abort();
    void this.api.close();
  }

  private track(work: Promise<unknown>): void {
    const task = work
      .then(
        () => undefined,
        (error: unknown) => {
          if (isCancelled(error, this.stopping.signal)) return;
          this.queue.fail(error instanceof KubeApiFailure ? refused(error) : asError(error));
          this.stop();
        },
      )
      .finally(() => {
        this.tasks.delete(task);
        if (this.tasks.size > 0) return;
        this.queue.close();
        this.stop();
      });
    this.tasks.add(task);
  }

  private seen(pod: V1Pod, initial: boolean): void {
    const { pods } = this.request;
    if (pods && !pods.includes(pod.metadata?.name ?? '')) return;
    const uid = pod.metadata?.uid ?? '';
    let followed = this.pods.get(uid);
    if (followed) followed.pod.update(pod);
    else {
      followed = { pod: new TrackedPod(pod, this.api, initial), containers: new Set() };
      this.pods.set(uid, followed);
    }
    for (const container of containerNames(pod)) this.follow(followed, container);
  }

  private follow(followed: FollowedPod, container: string): void {
    const { containers } = this.request;
    if (followed.containers.has(container) || (containers && !containers.includes(container))) return;
    followed.containers.add(container);
    this.track(new ContainerFollower(followed.pod, container, this.context).run());
  }

  private gone(uid: string, last?: V1Pod): void {
    this.pods.get(uid)?.pod.markDeleted(last);
    this.pods.delete(uid);
  }
}

interface FollowedPod {
  readonly pod: TrackedPod;
  /** Containers with a follower. */
  readonly containers: Set<string>;
}

/** The lists that together hold every pod wanted. */
function podQueries({ selectors, pods = [] }: LogRequest): KubeQuery[] {
  if (selectors.length > 0) return selectors.map((labelSelector) => ({ labelSelector }));
  return pods.map((name) => ({ fieldSelector: `metadata.name=${name}` }));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}

function startOf(since: LogRequest['since']): Timestamp | undefined {
  if (since === undefined) return undefined;
  return timestampOf(since instanceof Date ? since : new Date(Date.now() - since.seconds * 1000));
}

function refused(error: KubeApiFailure): Failure {
  return new Failure({
    code: 'logs-refused',
    fault: 'environment',
    summary: `The Kubernetes API refuses to show the pods (HTTP ${error.status}): ${error.answer}.`,
    nextSteps: ['Start the runtime again, which renews its kubeconfig: `vapp up`.'],
    cause: error,
  });
}
