import type { LogEvent } from '../../logs';

/** Containers remembered; the oldest are forgotten first. */
const REMEMBERED = 1000;

interface Last {
  timestamp: string;
}

interface Speaker {
  readonly podUid: string;
  readonly container: string;
  readonly last: Last;
  /** Lines up to this timestamp have been delivered by an earlier feed. */
  readonly until: string | undefined;
}

interface Told {
  readonly restart: number;
  ended: boolean;
}

/**
 * What a feed has delivered, so that another one can take its place: it begins at {@link Resumption.since}, and
 * {@link Resumption.isNew} tells what it repeats. Within one feed nothing is repeated, and nothing is asked.
 */
export class Resumption {
  /** The last line of each container. */
  private readonly lines = new Map<string, Last>();
  /** The container that wrote last: in a flood it is the one that writes next, too. */
  private speaker: Speaker | undefined;
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
    this.repeatedLines = new Map([...this.lines].map(([key, { timestamp }]) => [key, timestamp]));
    this.speaker = undefined;
    this.repeatedTold = new Map(this.told);
  }

  /** Whether an event has not been delivered by an earlier feed; it counts as delivered from now on. */
  isNew(event: LogEvent): boolean {
    switch (event.type) {
      case 'line': {
        const { podUid, container, timestamp } = event.line;
        let { speaker } = this;
        if (speaker?.podUid !== podUid || speaker.container !== container) speaker = this.speakerOf(podUid, container);
        if (speaker.until !== undefined && timestamp <= speaker.until) return false;
        speaker.last.timestamp = timestamp;
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

  private speakerOf(podUid: string, container: string): Speaker {
    const key = `${podUid}/${container}`;
    const until = this.repeatedLines.get(key);
    const last = this.lines.get(key) ?? { timestamp: until ?? '' };
    remember(this.lines, key, last);
    this.speaker = { podUid, container, last, until };
    return this.speaker;
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
