import type { Docker, Toolbox } from '../tools';
import type { Builder } from './builder';

/** What to build. */
export interface BuildRequest {
  /** Absolute. */
  readonly dockerfile: string;
  /** Absolute. */
  readonly context: string;
  readonly target?: string;
  /** Handed over by environment, never in an argument. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** `linux/arm64` or short, `arm64`; empty: the engine's own platform. */
  readonly platforms: readonly string[];
  /** Names to give the result in the engine's image store, `name:tag`; at least one. */
  readonly tags: readonly string[];
  /** Labels of the image, beside `org.opencontainers.image.title`. They are part of the content, hence of the digest. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
  /** Put into the image what another engine needs to take its steps for cached. It changes the digest. */
  readonly cacheInImage?: boolean;
  /** Whose steps count as cached: images, named as a registry or the engine knows them, or what `--cache-from` takes. */
  readonly cacheFrom?: readonly string[];
  /** Where the steps are kept besides, as `--cache-to` takes it. */
  readonly cacheTo?: readonly string[];
  /** Default: the engine's own. */
  readonly builder?: Builder;
}

/** With what, and for whom. */
export interface BuildContext {
  readonly toolbox: Toolbox;
  readonly docker: Docker;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
}

/** What moving images needs: the engine does the work, no tool is run. */
export interface ImageContext {
  readonly docker: Docker;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
}

export interface BuildStep {
  /** BuildKit's digest of the vertex, or a running number of the classic builder. */
  readonly id: string;
  /** E.g. `[2/5] RUN pip install …`. Preparations have names like `[internal] load build context`. */
  readonly name: string;
  readonly state: 'running' | 'cached' | 'done' | 'failed' | 'cancelled';
  readonly durationMs?: number;
  /** Lines of the Dockerfile, from 1, where the step can be matched to an instruction. */
  readonly lines?: LineRange;
}

/** Both ends inclusive, from 1. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

export type BuildEvent =
  | { readonly type: 'step'; readonly step: BuildStep }
  /** One line that a step wrote, without its line break. */
  | { readonly type: 'output'; readonly stepId: string; readonly text: string }
  | {
      readonly type: 'transfer';
      /** Of a build step, or the image itself in a pull or push. */
      readonly stepId: string;
      readonly name: string;
      /** Bytes. */
      readonly current: number;
      /** Bytes; 0 when nobody knows. */
      readonly total: number;
    }
  | { readonly type: 'warning'; readonly message: string };

export interface BuiltImage {
  /** The first tag. */
  readonly tag: string;
  /** Digest by which the engine knows the result: of the manifest or index where the engine has one, else of the config. */
  readonly imageId: string;
  readonly platforms: readonly string[];
  /** Bytes; as the engine reports it, of its own platform when there are several. */
  readonly size: number;
  /** The steps that come from the Dockerfile, in the order they began; without preparation and export. */
  readonly steps: readonly BuildStep[];
  readonly durationMs: number;
  readonly builder: 'buildx' | 'classic';
}

/** Where to push. */
export interface PushTarget {
  /** Host and port, e.g. `localhost:5111`. */
  readonly registry: string;
  /** Path in the registry, without tag. */
  readonly repository: string;
  /** Default: one that only people read. */
  readonly tag?: string;
}

/** An image in a registry, named by content. */
export interface PushedImage {
  /** Without tag and digest, e.g. `localhost:5111/myapp`. */
  readonly repository: string;
  /** `sha256:…` of the manifest or index. */
  readonly digest: string;
}
