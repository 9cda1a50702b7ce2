import type { KubeQuery, KubeStream } from '../tools';
import { isAway, isRefusal, type PatientApi } from './patient-api';
import { RecordSplitter, type LogRecord, type TimedRecord } from './record-splitter';
import type { ResumePoint } from './resume-point';
import type { Timestamp } from './timestamp';
import { turns } from './turns';

export interface LogSource {
  /** Path of the pod. */
  readonly path: string;
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tail?: number | undefined;
}

export interface LogSink {
  /** The stream is open: the container has a log. */
  opened(): void;
  deliver(record: TimedRecord): void;
  /** A promise when the reader should pause. */
  room(): Promise<void> | undefined;
  /** What is known of the container: when it has ended, an open stream is about to end too. */
  fate(): Fate;
}

/** `gone`: with its pod, so that what an open stream does not bring can be read nowhere else. */
export type Fate = 'running' | 'ended' | 'gone';

/** How one attempt to read a log went. */
export type ReadResult =
  /** The server ended the stream. */
  | {
      readonly kind: 'end';
      readonly delivered: number;
      /** Text behind the last line break: a whole line if the container ended there. */
      readonly remainder: LogRecord | undefined;
    }
  /** The connection broke in mid-stream, or the server ended it before the place reached earlier. */
  | { readonly kind: 'broken' }
  /** A stream in order that held nothing at all, not even what was delivered earlier. */
  | { readonly kind: 'empty' }
  /** The API or the kubelet is away. */
  | { readonly kind: 'unavailable'; readonly message: string }
  /** No log to be had at present. */
  | { readonly kind: 'refused'; readonly message: string }
  /** This is not the continuation of what has been delivered; `first` is the first timestamp of what it is. */
  | { readonly kind: 'foreign'; readonly first: Timestamp };

const FOLLOW_ANSWER_TIMEOUT_MS = 60_000;
const CHECK_MS = 1000;
/**
 * A container has ended, its stream has not, and nothing comes. After a network was cut for some seconds a connection
 * goes on only when the other end sends again, so long after the cut as the cut was long.
 */
const LINGER_MS: Readonly<Record<Fate, number>> = { running: Infinity, ended: 2000, gone: 15_000 };
/** The kubelet loses a followed log at rotation if its reader was slow; looked for after so much silence. */
const SILENCE_MS = 5000;
/** No log is rotated before it has at least so many bytes. */
const ROTATION_BYTES = 256 * 1024;
/** Reads a container's log once, from the resume point on, and hands on what is new. @throws Cancelled. */
export async function readLog(
  api: PatientApi,
  source: LogSource,
  point: ResumePoint,
  sink: LogSink,
): Promise<ReadResult> {
  const { sinceTime } = point;
  const continued = point.last !== undefined;
  try {
    const body = await api.stream(
      `${source.path}/log`,
      {
        container: source.container,
        timestamps: true,
        follow: source.follow || undefined,
        previous: source.previous || undefined,
        sinceTime,
        tailLines: continued ? undefined : source.tail,
      },
      // Older kubelets answer a follower only when there is a first line.
      source.follow ? { answerTimeoutMs: FOLLOW_ANSWER_TIMEOUT_MS } : {},
    );
    sink.opened();
    return await readBody(api, source, point, sink, body);
  } catch (error) {
    if (isRefusal(error)) return { kind: 'refused', message: error.answer };
    if (isAway(error)) return { kind: 'unavailable', message: error.message };
    throw error;
  }
}

async function readBody(
  api: PatientApi,
  source: LogSource,
  point: ResumePoint,
  sink: LogSink,
  body: KubeStream,
): Promise<ReadResult> {
  let replay = point.replay();
  let repeating = true;
  let delivered = 0;
  let foreign: Timestamp | undefined;
  let notice: string | undefined;
  const splitter = new RecordSplitter((record) => {
    const { timestamp } = record;
    if (foreign !== undefined) return;
    if (timestamp === undefined) {
      notice = record.text;
      return;
    }
    notice = undefined;
    // A kubelet whose reader was slow while the log was rotated twice sends the newest file twice.
    if (!repeating && point.hasPassed(timestamp)) {
      replay = point.replay();
      repeating = true;
    }
    if (!replay.isNew(timestamp)) return;
    repeating = false;
    if (!replay.overlaps) {
      foreign = timestamp;
      return;
    }
    point.record(timestamp);
    delivered++;
    sink.deliver(record as TimedRecord);
  });
  const guard = source.follow ? new StreamGuard(api, source, point, sink, body) : undefined;
  try {
    for await (const chunk of body) {
      guard?.received(chunk.length);
      splitter.write(chunk);
      if (foreign !== undefined) return { kind: 'foreign', first: foreign };
      await sink.room();
      await turns.took(chunk.length);
      guard?.waiting();
    }
  } catch (error) {
    if (isAway(error)) return { kind: 'broken' };
    throw error;
  } finally {
    guard?.dispose();
  }
  const remainder = splitter.remainder();
  if (remainder && remainder.timestamp === undefined) notice = remainder.text;
  if (notice !== undefined && delivered === 0) return { kind: 'refused', message: notice };
  if (!replay.overlaps) return { kind: 'empty' };
  if (!replay.caughtUp) return { kind: 'broken' };
  return { kind: 'end', delivered, remainder: remainder?.timestamp === undefined ? undefined : remainder };
}

/** Ends a followed stream from which nothing can be expected any more; it is then opened again. */
class StreamGuard {
  private readonly timer: NodeJS.Timeout;
  private idleSince: number | undefined = performance.now();
  private fate: { readonly is: Fate; readonly since: number } = { is: 'running', since: 0 };
  private bytes = 0;
  private probed = false;

  constructor(
    private readonly api: PatientApi,
    private readonly source: LogSource,
    private readonly point: ResumePoint,
    private readonly sink: LogSink,
    private readonly body: KubeStream,
  ) {
    this.timer = setInterval(() => this.check(), CHECK_MS);
  }

  received(bytes: number): void {
    this.bytes += bytes;
    this.idleSince = undefined;
    this.probed = false;
  }

  waiting(): void {
    this.idleSince = performance.now();
  }

  dispose(): void {
    clearInterval(this.timer);
  }

  private check(): void {
    const now = performance.now();
    const is = this.sink.fate();
    if (is !== this.fate.is) this.fate = { is, since: now };
    if (this.idleSince === undefined) return;
    const idle = now - this.idleSince;
    if (Math.min(idle, now - this.fate.since) > LINGER_MS[is]) this.body.close();
    else if (idle > SILENCE_MS && this.bytes > ROTATION_BYTES && !this.probed) void this.probe();
  }

  private async probe(): Promise<void> {
    this.probed = true;
    const { last } = this.point;
    const newest = await newestTimestamp(this.api, this.source);
    const silent = this.idleSince !== undefined && this.point.last === last;
    if (silent && newest !== undefined && last !== undefined && newest > last) this.body.close();
  }
}

/** Timestamp of a log's last line; undefined where it has none or does not tell now. */
async function newestTimestamp(api: PatientApi, source: LogSource): Promise<Timestamp | undefined> {
  const query: KubeQuery = { container: source.container, timestamps: true, tailLines: 1, limitBytes: 64 };
  let newest: Timestamp | undefined;
  const splitter = new RecordSplitter((record) => (newest = record.timestamp ?? newest));
  try {
    const body = await api.stream(`${source.path}/log`, query);
    for await (const chunk of body) splitter.write(chunk);
  } catch {
    // The stream under guard meets the same trouble and has its own way with it.
    return undefined;
  }
  return splitter.remainder()?.timestamp ?? newest;
}
