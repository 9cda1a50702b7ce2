import { Failure, sleep } from '../base';
import {
  containerStatus,
  firstReadable,
  previousStart,
  startState,
  type StartState,
  type Termination,
} from './containers';
import type { EventQueue } from './event-queue';
import { readLog, type Fate, type ReadResult } from './log-stream';
import { nodeLogOf } from './node-log';
import type { PatientApi } from './patient-api';
import type { TrackedPod } from './pods';
import { RecordSplitter, type LogRecord, type TimedRecord } from './record-splitter';
import { ResumePoint } from './resume-point';
import type { Timestamp } from './timestamp';
import type { LogEvent, LogLine } from './types';

/** What the followers of one feed share. */
export interface FeedContext {
  readonly api: PatientApi;
  readonly queue: EventQueue<LogEvent>;
  readonly signal: AbortSignal;
  readonly follow: boolean;
  readonly from: Timestamp | undefined;
  readonly tail: number | undefined;
  /** Only what was written before the last restart. */
  readonly previous: boolean;
}

/** How long a change of the pod's status is waited for before the API is asked. */
const STATUS_WAIT_MS = 1000;
const RETRY_MS = 250;
/** How long, and how often, the node's file is looked at after a container's start was told of. */
const HEAD_START_MS = 5000;
const HEAD_START_STEP_MS = 40;
/** So often a log that should be there may be refused, or turn out not to be the continuation. */
const ATTEMPTS = 4;

/** Follows one container of one pod through all its starts. */
export class ContainerFollower {
  constructor(
    private readonly pod: TrackedPod,
    private readonly container: string,
    private readonly context: FeedContext,
  ) {}

  /** Ends when the pod is gone, or, without `follow`, when all that is there has been delivered. @throws Cancelled. */
  async run(): Promise<void> {
    const status = containerStatus(this.pod.pod, this.container);
    if (this.context.previous) {
      const restart = previousStart(status);
      if (restart !== undefined) await this.reader(restart, this.newPoint(this.context.tail !== undefined)).run();
      return;
    }
    const first = this.pod.initial ? this.firstWanted() : 0;
    let point = this.newPoint(this.context.tail !== undefined && this.pod.initial);
    for (let restart = first; await this.hasStarted(restart); restart++) {
      const carried = await this.reader(restart, point).run();
      if (!this.context.follow && restart >= (status?.restartCount ?? 0)) return;
      point = carried ?? this.newPoint(false);
    }
  }

  private firstWanted(): number {
    const status = containerStatus(this.pod.pod, this.container);
    return this.context.tail === undefined ? firstReadable(status) : (status?.restartCount ?? 0);
  }

  private reader(restart: number, point: ResumePoint): StartReader {
    return new StartReader(this.pod, this.container, restart, point, this.context);
  }

  private newPoint(fromFirst: boolean): ResumePoint {
    return new ResumePoint(this.context.from, fromFirst);
  }

  private async hasStarted(restart: number): Promise<boolean> {
    const starts = this.pod.startsOf(this.container);
    for (;;) {
      const { version } = this.pod.changes;
      const { state } = startState(containerStatus(this.pod.pod, this.container), restart);
      if (state !== 'not-started' || this.pod.startsOf(this.container) > starts) return true;
      if (this.pod.deleted || !this.context.follow) return false;
      await this.pod.changes.after(version, this.context.signal);
    }
  }
}

/** Delivers the log of one start of a container, whole and once. */
class StartReader {
  /**
   * Text behind the last line break where a stream ended. It is what a container wrote last if that ended there too;
   * else the stream was cut, or the runtime was still writing: the kubelet hands out incomplete records as they are.
   */
  private held: LogRecord | undefined;
  /** Whether the last stream ended in order, so that nothing is known to be missing. */
  private complete = false;
  private announced = false;
  private refusals = 0;
  private foreigners = 0;
  /** So many times a running container's log ended within a line. */
  private openEnds = 0;
  /** What belongs to the next start, because the kubelet had served its log already. */
  private carried: ResumePoint | undefined;
  private readonly podName: string;
  private readonly podUid: string;

  constructor(
    private readonly pod: TrackedPod,
    private readonly container: string,
    private readonly restart: number,
    private point: ResumePoint,
    private readonly context: FeedContext,
  ) {
    this.podName = pod.name;
    this.podUid = pod.uid;
  }

  /** @returns the point from which the next start goes on, where that is not its beginning. */
  async run(): Promise<ResumePoint | undefined> {
    for (;;) {
      const { version } = this.pod.changes;
      const state = this.state();
      if (state.state === 'not-started' && !this.pod.deleted) {
        await this.headStart();
        continue;
      }
      if (state.state === 'lost' || this.pod.deleted) {
        this.finish(state, this.complete ? undefined : this.lossMessage(state));
        return this.carried;
      }
      const result = await this.read(state);
      if (await this.judge(state, result, version)) return this.carried;
    }
  }

  /** Delivers from the node's own file while the pod's status does not tell of the start yet. */
  private async headStart(): Promise<void> {
    const { api, signal } = this.context;
    const log = nodeLogOf(api, this.pod, this.container, this.restart);
    const replay = this.point.replay();
    const splitter = new RecordSplitter((record) => {
      if (record.timestamp === undefined || !replay.isNew(record.timestamp)) return;
      this.announce();
      this.point.record(record.timestamp);
      this.deliver({ ...record, timestamp: record.timestamp });
    });
    const deadline = performance.now() + HEAD_START_MS;
    while (this.state().state === 'not-started' && !this.pod.deleted) {
      const { version } = this.pod.changes;
      const reading = log?.readable === true && performance.now() < deadline;
      if (reading) splitter.write(await log.next());
      await this.context.queue.room();
      await this.pod.changes.after(version, signal, reading ? HEAD_START_STEP_MS : undefined);
    }
  }

  private state(): StartState {
    return startState(containerStatus(this.pod.pod, this.container), this.restart);
  }

  private fate(): Fate {
    if (this.pod.deleted) return 'gone';
    return this.state().state === 'running' ? 'running' : 'ended';
  }

  private read(state: StartState): Promise<ReadResult> {
    const { follow, tail, api, queue } = this.context;
    return readLog(
      api,
      {
        path: this.pod.path,
        container: this.container,
        follow: follow && state.state === 'running',
        previous: state.state === 'ended' && state.previous,
        tail: this.point.takesTail ? tail : undefined,
      },
      this.point,
      {
        opened: () => this.announce(),
        deliver: (record) => this.deliver(record),
        room: () => queue.room(),
        fate: () => this.fate(),
      },
    );
  }

  /** Whether the start's log is delivered; else it is time to read again. */
  private async judge(state: StartState, result: ReadResult, version: number): Promise<boolean> {
    switch (result.kind) {
      case 'end':
        return this.judgeEnd(state, result, version);
      case 'broken':
        this.complete = false;
        await this.pod.refresh();
        return false;
      case 'unavailable':
        // What ended the stream before may have been what makes the API unavailable now.
        this.complete &&= state.state === 'ended';
        await this.countRefusal(result.message);
        await this.pod.refresh();
        return false;
      case 'refused':
        return this.judgeRefusal(state, result.message, version);
      case 'empty':
        return this.judgeEmpty(state, version);
      case 'foreign':
        await this.judgeForeign(state, result.first);
        return false;
    }
  }

  private async judgeEnd(
    state: StartState,
    result: Extract<ReadResult, { kind: 'end' }>,
    version: number,
  ): Promise<boolean> {
    const confirmed = this.complete && result.delivered === 0 && result.remainder?.text === this.held?.text;
    this.held = result.remainder;
    this.complete = true;
    this.refusals = 0;
    if (!this.context.follow && state.state === 'running') return this.judgePresent();
    // What ends a stream may also have been the kubelet or the API going down. So a log counts as whole only when it
    // is read once more after the container's end and brings nothing new.
    if (state.state === 'ended' && confirmed) {
      this.finish(state);
      return true;
    }
    if (state.state === 'running') {
      await this.pod.changes.after(version, this.context.signal, STATUS_WAIT_MS);
    } else if (this.held) {
      await sleep(RETRY_MS, this.context.signal);
    }
    return false;
  }

  /** Without following, a line that is being written is waited for a little. */
  private async judgePresent(): Promise<boolean> {
    if (this.held && ++this.openEnds < ATTEMPTS) {
      await sleep(RETRY_MS, this.context.signal);
      return false;
    }
    this.flush();
    return true;
  }

  /** The log was rotated since, or is that of the next start. */
  private async judgeEmpty(state: StartState, version: number): Promise<boolean> {
    if (state.state === 'ended' && ++this.foreigners >= ATTEMPTS) {
      this.finish(state, this.complete ? undefined : ROTATED);
      return true;
    }
    await this.pod.changes.after(version, this.context.signal, RETRY_MS);
    return !this.context.follow && state.state === 'running';
  }

  private async judgeRefusal(state: StartState, message: string, version: number): Promise<boolean> {
    if (state.state === 'ended' && ++this.refusals >= ATTEMPTS) {
      this.finish(state, this.complete ? undefined : `Kubernetes does not give the log: ${message}`);
      return true;
    }
    const wait = state.state === 'ended' ? RETRY_MS : STATUS_WAIT_MS;
    await this.pod.changes.after(version, this.context.signal, wait);
    await this.pod.refresh();
    return false;
  }

  private async judgeForeign(state: StartState, first: Timestamp): Promise<void> {
    const last = this.point.last ?? first;
    if (state.state === 'ended' && state.previous) {
      // This is certainly the log of this start. If it is older than what was delivered, that came from the next one.
      if (first < last) this.carried = this.point;
      else this.gap(ROTATED);
      this.point = new ResumePoint(this.context.from);
      return;
    }
    await sleep(RETRY_MS, this.context.signal);
    await this.pod.refresh();
    if (this.state().state === state.state && ++this.foreigners >= ATTEMPTS) {
      this.gap(ROTATED);
      this.foreigners = 0;
      this.point = new ResumePoint(last);
    }
  }

  private async countRefusal(message: string): Promise<void> {
    if (!this.context.follow && ++this.refusals >= ATTEMPTS) {
      throw new Failure({
        code: 'logs-unavailable',
        fault: 'environment',
        summary: `The log of ${this.pod.name} (${this.container}) cannot be read: ${message}.`,
        nextSteps: ['Look whether the runtime is running: `vapp status`.'],
      });
    }
    await sleep(RETRY_MS, this.context.signal);
  }

  private lossMessage(state: StartState): string {
    return state.state === 'lost'
      ? 'the container has been restarted more than once meanwhile, and Kubernetes keeps one earlier log'
      : 'the pod was deleted before its log was read to the end';
  }

  private announce(): void {
    if (this.announced) return;
    this.announced = true;
    this.context.queue.push({ type: 'started', ...this.identity() });
  }

  private deliver(record: TimedRecord): void {
    // Whatever was held, the stream read since has it, in full.
    this.held = undefined;
    const line = this.lineOf(record);
    this.context.queue.push({ type: 'line', line: record.continues ? { ...line, continues: true } : line });
  }

  private flush(): void {
    const { held } = this;
    this.held = undefined;
    if (held?.timestamp === undefined) return;
    const line = this.lineOf({ ...held, timestamp: held.timestamp });
    this.context.queue.push({ type: 'line', line: { ...line, unterminated: true } });
  }

  /** Written out, because it is done for every line of a flood. */
  private lineOf({ timestamp, text }: TimedRecord): LogLine {
    const { podName: pod, podUid, container, restart } = this;
    return { pod, podUid, container, restart, timestamp, text };
  }

  private gap(message: string): void {
    const { last } = this.point;
    this.context.queue.push({
      type: 'gap',
      ...this.identity(),
      message,
      ...(last === undefined ? {} : { after: last }),
    });
  }

  private finish(state: StartState, missing?: string): void {
    this.announce();
    this.flush();
    if (missing !== undefined) this.gap(missing);
    const termination: Termination = state.state === 'ended' ? state.termination : {};
    this.context.queue.push({ type: 'ended', ...this.identity(), ...termination });
  }

  private identity(): { pod: string; container: string; restart: number } {
    return { pod: this.podName, container: this.container, restart: this.restart };
  }
}

const ROTATED = 'the log was rotated meanwhile, and Kubernetes serves its newest file only';
