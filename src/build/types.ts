/** What to build. */
export interface BuildRequest {
  /** Absolute. */
  readonly dockerfile: string;
  /** Absolute. */
  readonly context: string;
  readonly target?: string;
  /** Handed over by environment, never in an argument. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Empty: the engine's own platform. */
  readonly platforms: readonly string[];
  /** Names to give the result in the engine's image store, `name:tag`. */
  readonly tags: readonly string[];
  readonly noCache?: boolean;
}

export interface BuildStep {
  /** BuildKit's digest of the vertex, or a running number of the classic builder. */
  readonly id: string;
  /** E.g. `[2/5] RUN pip install …`. */
  readonly name: string;
  readonly state: 'running' | 'cached' | 'done' | 'failed' | 'cancelled';
  readonly durationMs?: number;
  /** Lines of the Dockerfile, from 1, where BuildKit says so. */
  readonly lines?: { readonly first: number; readonly last: number };
}

export type BuildEvent =
  | { readonly type: 'step'; readonly step: BuildStep }
  | { readonly type: 'output'; readonly stepId: string; readonly text: string }
  | {
      readonly type: 'transfer';
      readonly stepId: string;
      readonly name: string;
      readonly current: number;
      readonly total: number;
    }
  | { readonly type: 'warning'; readonly message: string };

export interface BuiltImage {
  /** The first tag. */
  readonly tag: string;
  /** Digest by which the engine knows the result: of the manifest or index where the engine has one, else of the config. */
  readonly imageId: string;
  readonly platforms: readonly string[];
  /** Bytes; as the engine reports it. */
  readonly size: number;
  readonly steps: readonly BuildStep[];
  readonly durationMs: number;
  readonly builder: 'buildx' | 'classic';
}

/** An image in a registry, named by content. */
export interface PushedImage {
  /** Without tag and digest, e.g. `localhost:5111/myapp`. */
  readonly repository: string;
  /** `sha256:…` of the manifest or index. */
  readonly digest: string;
}
