import type { Toolbox } from '../../src/tools';

/** Hosts of publishers. Everything else that setup needs comes from package registries, through their own clients. */
export const OFFICIAL_HOSTS = [
  'github.com',
  'get.helm.sh',
  'dl.k8s.io',
  'download.docker.com',
  'registry-1.docker.io',
  'ghcr.io',
  'mcr.microsoft.com',
  'update.code.visualstudio.com',
] as const;

export type OfficialHost = (typeof OFFICIAL_HOSTS)[number];

/** Whatever decides the content of a cache entry: version, flags, hashes of sources. Its JSON is hashed into the key. */
export interface Recipe {
  /** Kebab-case; the readable half of the entry's folder name. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A finished folder of the cache. Nobody writes into it any more. */
export interface CacheEntry {
  readonly folder: string;
  /** Where its content came from, for people: `github.com/k3d-io/k3d release`, `built from the Go module`. */
  readonly source: string;
}

/** Content-addressed folders below the user's cache directory. */
export interface PartCache {
  /** `$XDG_CACHE_HOME/vscode-velocitas`, absolute. */
  readonly root: string;
  /** The entry of a recipe when it is complete, else undefined. */
  find(recipe: Recipe): Promise<CacheEntry | undefined>;
  /**
   * The entry of a recipe; made first when it is missing. `make` fills an empty folder and resolves to the entry's
   * source; only then is the folder renamed into place. A failed or cancelled `make` leaves nothing behind.
   */
  ensure(recipe: Recipe, make: (folder: string) => Promise<string>): Promise<CacheEntry>;
  /** A temporary folder below the cache, removed when `work` has settled. */
  withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T>;
}

/** Says on screen what is going on. Parts may run side by side. */
export interface Progress {
  /** Shows a part while `work` runs, then its result and time. `report` replaces the detail behind its name. */
  part<T>(name: string, work: (report: (detail: string) => void) => Promise<T>): Promise<T>;
  /** One line that stays. */
  note(line: string): void;
}

/** What every part of setup works with. */
export interface StackContext {
  readonly cache: PartCache;
  /** The answer of the one probe at the start of setup. */
  reachable(host: OfficialHost): boolean;
  readonly progress: Progress;
  /** Environment of the stack: PATH, DOCKER_HOST, DOCKER_CONFIG. Set before `ensureImages` is called. */
  readonly env: NodeJS.ProcessEnv;
  /** On {@link StackContext.env}. */
  readonly toolbox: Toolbox;
  readonly signal: AbortSignal;
}

export type PartState = 'ready' | 'stopped' | 'missing';

/** A row of `npm run setup -- --check`. */
export interface PartStatus {
  readonly state: PartState;
  /** Where it came from, or, while it is missing, where it would come from. */
  readonly source: string;
  /** Where it is (path, socket, image name), or what is missing. */
  readonly detail: string;
}

/** A part of the stack as the check table shows it. */
export interface Part {
  readonly name: string;
  readonly version: string;
  /** Looks only; starts, makes and fetches nothing. Without an engine, `context.env.DOCKER_HOST` answers nobody. */
  status(context: StackContext): Promise<PartStatus>;
}
