import type { Failure } from '../base';
import type { LiveEvent, RunEvent } from '../run';
import { placeOf } from './failure-place';

/** What is shown of a live update. */
export interface LivePicture {
  /** Ids of the apps it is about. */
  readonly apps: readonly string[];
  /** The last change that was brought in, for some seconds. */
  readonly news?: LiveEvent;
  /** What does not work at the moment. */
  readonly troubles: readonly Failure[];
}

/** How long a change is news, milliseconds. */
export const NEWS_MS = 5000;

interface Trouble {
  readonly failure: Failure;
  /** How many builds had begun when it was last told. */
  readonly builds: number;
}

/** What the events of a live update make of it. */
export class LiveState {
  /** Whether the app has been brought to run; from then on the update rests whenever nothing is to be done. */
  isUp = false;
  /** See {@link LivePicture.news}. */
  news: LiveEvent | undefined;
  private readonly wrong = new Map<string, Trouble>();
  private builds = 0;
  private aging: NodeJS.Timeout | undefined;

  /** @param changed is called when something became of itself what it was not. */
  constructor(private readonly changed: () => void) {}

  /** Each once, and the same object for as long as it is wrong, however often it is told. */
  get troubles(): readonly Failure[] {
    return [...this.wrong.values()].map(({ failure }) => failure);
  }

  /** @returns whether what is shown has changed. */
  take(event: RunEvent): boolean {
    switch (event.type) {
      case 'live':
        return this.hear(event);
      case 'warning':
        return event.explanation !== undefined && this.note(event.explanation);
      case 'step':
        if (event.step === 'build' && event.state === 'started') this.builds += 1;
        if (event.step !== 'deploy' || (event.state !== 'finished' && event.state !== 'skipped')) return false;
        this.deployed();
        return true;
      default:
        return false;
    }
  }

  dispose(): void {
    clearTimeout(this.aging);
  }

  private hear(event: LiveEvent): boolean {
    if (event.way === 'none') return false;
    clearTimeout(this.aging);
    this.news = event;
    // A new image is news when it runs.
    if (event.way === 'live') {
      this.forget(({ failure }) => failure.code === EXITED);
      this.age();
    }
    return true;
  }

  private note(failure: Failure): boolean {
    const place = placeOf(failure);
    const before = this.wrong.get(place)?.failure;
    const isKnown = before?.summary === failure.summary;
    this.wrong.set(place, { failure: isKnown ? before : failure, builds: this.builds });
    const hadNews = this.news !== undefined;
    this.news = undefined;
    return hadNews || !isKnown;
  }

  /** What was told since the build began, of whose image this is, is as true as before: of that, or of the build itself. */
  private deployed(): void {
    this.isUp = true;
    this.forget(({ failure, builds }) => failure.code === EXITED || builds < this.builds);
    if (this.news) this.age();
  }

  private forget(isOver: (trouble: Trouble) => boolean): void {
    for (const [place, trouble] of this.wrong) if (isOver(trouble)) this.wrong.delete(place);
  }

  private age(): void {
    clearTimeout(this.aging);
    this.aging = setTimeout(() => {
      this.news = undefined;
      this.changed();
    }, NEWS_MS);
  }
}

/** The app's own end: another version of it need not end so. */
const EXITED = 'app-exited';
