import type { EnginePicture, RuntimePicture } from '../state';
import type { FolderView } from './tree/model';

/** What the menus ask for; package.json's when-clauses name these keys after `velocitas.`. */
export interface ContextValues {
  /** How many folders hold a repository. */
  readonly folders: number;
  readonly apps: number;
  readonly engine: EnginePicture['state'];
  readonly runtime: RuntimePicture['state'] | NonNullable<RuntimePicture['activity']>;
  readonly deployed: boolean;
  /** Some app has an earlier revision to go back to. */
  readonly rollback: boolean;
  /** This window is doing something. */
  readonly busy: boolean;
  /** A live update goes on, and is not about to end. */
  readonly live: boolean;
  readonly canStart: boolean;
  readonly canStop: boolean;
  readonly canDelete: boolean;
}

type Folder = Pick<FolderView, 'picture' | 'jobs' | 'live'>;

/**
 * What can be done in a window. Of several folders each key tells whether it holds for any of them; engine and runtime
 * are those of the folder of which there is most to do, so that a command is offered wherever it makes sense.
 */
export function contextOf(folders: readonly Folder[]): ContextValues {
  const pictures = folders.map(({ picture }) => picture);
  const runtimes = pictures.map(({ runtime }) => runtime);
  const apps = pictures.flatMap((picture) => picture.apps);
  const idle = runtimes.filter(({ activity }) => activity === undefined);
  const words = runtimes.map(wordOf);
  // Without its engine nothing can be done to a runtime, not even to one that somebody is starting.
  const within = pictures.filter(({ engine }) => engine.state === 'up').map(({ runtime }) => wordOf(runtime));
  return {
    folders: folders.length,
    apps: apps.length,
    engine:
      first(
        ENGINES,
        pictures.map(({ engine }) => engine.state),
      ) ?? 'unknown',
    runtime: first(RUNTIMES, words) ?? 'unknown',
    deployed: apps.some(({ release }) => release !== undefined),
    rollback: apps.some(({ release }) => (release?.revision ?? 0) > 1),
    busy: folders.some(({ jobs }) => jobs.length > 0),
    live: folders.some(({ live }) => live.length > 0),
    canStart: idle.some(({ state }) => state === 'absent' || state === 'stopped'),
    canStop: within.some((word) => word === 'running' || word === 'starting'),
    canDelete: within.some((word) => word !== 'absent' && word !== 'unknown' && word !== 'deleting'),
  };
}

function wordOf({ activity, state }: RuntimePicture): ContextValues['runtime'] {
  return activity ?? state;
}

const ENGINES: readonly EnginePicture['state'][] = ['up', 'unknown', 'down', 'missing'];
const RUNTIMES: readonly ContextValues['runtime'][] = [
  'running',
  'starting',
  'stopping',
  'deleting',
  'stopped',
  'absent',
  'unknown',
];

function first<T>(order: readonly T[], found: readonly T[]): T | undefined {
  return order.find((value) => found.includes(value));
}
