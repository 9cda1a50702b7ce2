import { isAway, isRefusal, type PatientApi } from './patient-api';
import type { TrackedPod } from './pods';

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

/**
 * The file on a node into which the container runtime writes one start of a container. The kubelet gives it out (for
 * those who may use `nodes/proxy`) before it has noticed that the container runs, but without following it.
 */
export class NodeLog {
  private offset = 0;
  private usable = true;

  constructor(
    private readonly api: PatientApi,
    private readonly path: string,
  ) {}

  /** Whether there is any use in reading on. */
  get readable(): boolean {
    return this.usable;
  }

  /** What has been added since, in the form of `…/log?timestamps=true`; whole lines only. @throws Cancelled. */
  async next(): Promise<Buffer> {
    let data: Buffer;
    try {
      const range = `bytes=${this.offset}-${this.offset + CHUNK_BYTES - 1}`;
      data = await this.api.bytes(this.path, { range });
    } catch (error) {
      if (isRefusal(error)) {
        // Not there yet, or nothing added yet; anything else will not change.
        this.usable = error.status === 404 || error.status === 416;
        return NOTHING;
      }
      if (!isAway(error)) throw error;
      this.usable = false;
      return NOTHING;
    }
    return this.takeLines(data);
  }

  private takeLines(data: Buffer): Buffer {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, start)) {
      const line = streamForm(data.subarray(start, end + 1));
      if (!line) {
        this.usable = false;
        break;
      }
      lines.push(line);
      start = end + 1;
    }
    this.offset += start;
    return Buffer.concat(lines);
  }
}

/** The log file of a start, if the pod has been given a node. Path: `BuildContainerLogsPath` of the kubelet. */
export function nodeLogOf(api: PatientApi, pod: TrackedPod, container: string, restart: number): NodeLog | undefined {
  const { metadata, spec } = pod.pod;
  if (!spec?.nodeName) return undefined;
  const folder = [metadata?.namespace, pod.name, pod.uid].join('_');
  const node = encodeURIComponent(spec.nodeName);
  return new NodeLog(api, `/api/v1/nodes/${node}/proxy/logs/pods/${folder}/${container}/${restart}.log`);
}

/** `TIME STREAM F TEXT` of the container runtime as `TIME TEXT`; undefined for a partial line or another format. */
function streamForm(line: Buffer): Buffer | undefined {
  const stream = line.indexOf(' ') + 1;
  const tag = line.indexOf(' ', stream) + 1;
  const whole = line.toString('latin1', stream, tag + 2);
  if (whole !== 'stdout F ' && whole !== 'stderr F ') return undefined;
  return Buffer.concat([line.subarray(0, stream), line.subarray(tag + 2)]);
}
