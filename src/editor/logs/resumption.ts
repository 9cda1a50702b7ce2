import type { LogEvent } from '../../logs';

/** Containers remembered; the oldest are forgotten first. */
const REMEMBERED = 1000;

interface Told {
  readonly restart: number;
  ended: boolean;
}

/**
 * What a feed has delivered, so that another one can take its place: it begins at {@link Resumption.since}, and
 * {@link Resumption.isNew} tells what it repeats. Within one feed nothing is repeated, and nothing is asked.
 */
export class Resumption {
  /** Timestamp of the last line, by pod and container. */
  private readonly lines = new Map<string, string>();
  private readonly told = new Map<string, Told>();
  private latest: string | undefined;
  private repeatedLines: ReadonlyMap<string, string> = new Map();
  private repeatedTold = new Map<string, Told>();

  /** When the last line was written; undefined before the first. */
  get since(): Date | undefined {
    return this.latest === undefined ? undefined : new Date(this.latest);
  }

  /** Another feed begins: what has been delivered so far may come again. */
  begin(): void {
    this.repeatedLines = new Map(this.lines);
    this.repeatedTold = new Map(this.told);
  }

  /** Whether an event has not been delivered by an earlier feed; it counts as delivered from now on. */
  isNew(event: LogEvent): boolean {
    switch (event.type) {
      case 'line': {
        const { podUid, container, timestamp } = event.line;
        const key = `${podUid}/${container}`;
        const until = this.repeatedLines.get(key);
        if (until !== undefined && timestamp <= until) return false;
        remember(this.lines, key, timestamp);
        if (this.latest === undefined || timestamp > this.latest) this.latest = timestamp;
        return true;
      }
      case 'started':
      case 'ended':
        return this.isNewState(event);
      default:
        return true;
    }
  }

  private isNewState({ type, pod, container, restart }: Extract<LogEvent, { type: 'started' | 'ended' }>): boolean {
    const key = `${pod}/${container}`;
    const before = this.repeatedTold.get(key);
    if (before && restart < before.restart) return false;
    if (before?.restart === restart && (type === 'started' || before.ended)) return false;
    this.repeatedTold.delete(key);
    remember(this.told, key, { restart, ended: type === 'ended' });
    return true;
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) for (const oldest of [...map.keys()].slice(0, map.size - REMEMBERED)) map.delete(oldest);
}
