import type { Problem, SourceRange } from '../base';

/** A value together with the place it was read from. */
export interface Located<T> {
  readonly value: T;
  /** Absent when nobody wrote it and the default applies. */
  readonly range?: SourceRange;
}

/** A Vehicle App repository as its files describe it. */
export interface Repository {
  /** Absolute path as the user named it (symbolic links kept, so that messages show the path the user knows). */
  readonly root: string;
  /** The same with symbolic links resolved: the identity of the workspace. */
  readonly realRoot: string;
  readonly language?: string;
  /** Absent when there is no `.velocitas.json`, or none that can be read. */
  readonly velocitas?: VelocitasConfig;
  readonly apps: readonly App[];
  readonly runtime: RuntimeSettings;
  readonly remote: RemoteSettings;
  readonly services: readonly Service[];
  /** Everything wrong, in file order. With an error among them nothing is built or deployed. */
  readonly problems: readonly Problem[];
  /** Files whose change may change the above, absolute; files that could exist but do not are in it too. */
  readonly sources: readonly string[];
}

/** `.velocitas.json`. */
export interface VelocitasConfig {
  readonly file: string;
  readonly packages: readonly VelocitasPackage[];
  /** Ids of the components in use. */
  readonly components: readonly string[];
  /** In file order; `scope` is the package of the scoped form `name@package`. */
  readonly variables: readonly {
    readonly name: string;
    readonly scope?: string;
    readonly value: string;
    readonly range: SourceRange;
  }[];
  readonly cliVersion?: string;
}

export interface VelocitasPackage {
  readonly name: string;
  readonly version: string;
  readonly range: SourceRange;
}

export interface App {
  /** As its owner writes it: may hold spaces, capitals, umlauts. For people only. */
  readonly name: Located<string>;
  /** A DNS-1123 label of at most 53 characters, unique in the repository: Helm release and image name. */
  readonly id: string;
  readonly manifest?: Manifest;
  /** Absolute. It is a problem, with an error, when it does not exist. */
  readonly dockerfile: Located<string>;
  /** Build context, absolute. The repository root unless `vapp.yaml` says otherwise. */
  readonly context: string;
  readonly target?: string;
  /** Stage whose image runs the integration tests against the deployed app; absent when the Dockerfile has none. */
  readonly testTarget?: string;
  /** Values may be secrets: they never stand in an argument list. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly build: BuildSettings;
  /** Platforms of a release image, e.g. `linux/amd64`; a local run builds only the engine's own. */
  readonly platforms: readonly string[];
  readonly chart: ChartReference;
  /** What `vapp.yaml` says of live updates. */
  readonly liveUpdate?: LiveUpdateSettings;
  /** The app's own port, `vehicleAppPort`: 50008 unless `vapp.yaml` says otherwise. */
  readonly port: number;
  readonly namespace: string;
}

/** How changed files come into a running container. */
export interface LiveUpdateSettings {
  /** Instead of what the Dockerfile shows: a file or folder, absolute, and where the image has it, absolute. */
  readonly sync?: readonly { readonly from: string; readonly to: string }[];
  /** False: the app notices changes by itself. */
  readonly restart: boolean;
  /** How long the app may take to end before it is killed, milliseconds. */
  readonly stopMs?: number;
}

/** Where values stand, by dotted path: the range of each key, also of one whose value is a map. */
export type ValueRanges = ReadonlyMap<string, SourceRange>;

export interface ChartReference {
  /** `builtin`: the chart that ships with us; `path` is then absent. */
  readonly source: 'repository' | 'vapp.yaml' | 'builtin';
  /** Absolute folder with `Chart.yaml`. */
  readonly path?: string;
  readonly range?: SourceRange;
  /** Absolute paths, in the order Helm gets them. */
  readonly valuesFiles: readonly string[];
  /** Values by dotted path, as `vapp.yaml` sets them. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Where those of the chart, of the values files and of `vapp.yaml` stand; under the empty path, where to add one. */
  readonly valueRanges?: ValueRanges;
  /** Which of the chart's values take the image, by dotted path. */
  readonly imageValues: ImageValues;
  /** Dotted path of a map (name → value) that receives the app's environment: the addresses of the services. */
  readonly environmentValue?: string;
  /** Dotted path of a map with `repository` and `digest` that takes the image of the tests, which `helm test` runs. */
  readonly testImageValue?: string;
}

/**
 * Dotted value paths of a chart that receive parts of the image. Of an image `registry:5000/app@sha256:…`,
 * `repository` is `registry:5000/app`, `digest` is `sha256:…`, `reference` is the whole.
 * `tag` receives the digest's first twelve hexadecimal digits, for people to read, unless it is the only way to name
 * a version: then `repository` receives `registry:5000/app@sha256` and `tag` the hexadecimal part, which a template
 * that joins both with a colon turns into the pinned reference (the old Velocitas charts do).
 */
export interface ImageValues {
  readonly repository?: string;
  readonly digest?: string;
  readonly tag?: string;
  readonly reference?: string;
  readonly pullPolicy?: string;
}

/** `app/AppManifest.json`, v3 or the older array form brought into the same shape. */
export interface Manifest {
  readonly file: string;
  readonly version: 'v3' | 'legacy';
  readonly name: Located<string>;
  readonly interfaces: readonly ManifestInterface[];
}

export interface ManifestInterface {
  readonly type: string;
  readonly range: SourceRange;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface RuntimeSettings {
  /** The node image, e.g. `rancher/k3s:v1.34.3-k3s1`. */
  readonly k3sImage?: Located<string>;
  readonly agents: number;
  /** Additional ports, host → node port. */
  readonly ports: readonly { readonly host: number; readonly node: number }[];
}

/** Who builds, and where the steps are kept besides. */
export interface BuildSettings {
  /** Name of a builder instance of buildx, or the address of a remote BuildKit, `tcp://host:port`. */
  readonly builder?: Located<string>;
  /** Names in registries whose steps count as cached: of an app always with a tag. */
  readonly cacheFrom: readonly Located<string>[];
  /** Name in a registry that keeps the steps: of an app always with a tag. */
  readonly cacheTo?: Located<string>;
}

/** The clusters besides the local runtime that `vapp.yaml` allows. */
export interface RemoteSettings {
  readonly contexts: readonly RemoteContext[];
  /** The list, or where it would be; absent when nothing of it is written. */
  readonly range?: SourceRange;
}

/** A context of the user's kubeconfig. */
export interface RemoteContext {
  readonly name: Located<string>;
  /** Registry, with or without a path, that images are pushed to. */
  readonly registry: Located<string>;
  /** What the nodes call it; absent: the same. */
  readonly pullRegistry?: Located<string>;
  readonly namespace?: Located<string>;
  /** Id of a service that runs there → `host:port` by which apps reach it. */
  readonly services: Readonly<Record<string, Located<string>>>;
}

/** One runtime service, from `runtime.json` or the defaults. */
export interface Service {
  /** As in `runtime.json`: `mqtt-broker`, `vehicledatabroker`, `mockservice`, … A DNS-1123 label. */
  readonly id: string;
  readonly enabled: boolean;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Container ports, the first being the service's own. */
  readonly ports: readonly ServicePort[];
  /** Absolute host file → absolute path in the container; files only, at most 1 MiB each. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  readonly interfaces: readonly string[];
  readonly range?: SourceRange;
}

export interface ServicePort {
  readonly container: number;
  /** Port on the node, 30000–32767, by which the developer's localhost port reaches it. */
  readonly node?: number;
  /** Port wished for on the developer's localhost; a free one is taken if it is in use. */
  readonly host?: number;
}
