import { PassThrough } from 'node:stream';
import { Cancelled, Failure, type Problem } from '../../../src/base';
import type { AppJudges } from '../../../src/deploy';
import type { App, Repository, Service } from '../../../src/project';
import type { EngineEvent, RuntimeStatus } from '../../../src/runtime';
import type { ClusterApi, EngineClient } from '../../../src/state';
import { KubeApiFailure, type KubeList, type KubeQuery, type WatchEvent } from '../../../src/tools';

export interface FakeObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

interface Watcher {
  readonly path: string;
  readonly onEvent: (event: WatchEvent) => void;
  readonly end: (error?: Error) => void;
}

/** An API server with objects at paths, which tells its watchers of every change. */
export class FakeCluster implements ClusterApi {
  readonly requests: string[] = [];
  closed = 0;
  /** What requests are refused with. */
  refusal: Error | undefined;
  private readonly objects = new Map<string, Map<string, FakeObject>>();
  private readonly watchers = new Set<Watcher>();
  private version = 100;

  put(path: string, object: FakeObject): void {
    const collection = this.collection(path);
    const { name } = object.metadata;
    const type = collection.has(name) ? 'MODIFIED' : 'ADDED';
    const stamped = this.stamped(object);
    collection.set(name, stamped);
    this.tell(path, { type, object: stamped });
  }

  remove(path: string, name: string): void {
    const object = this.collection(path).get(name);
    if (!object) throw new Error(`no ${name} at ${path}`);
    this.collection(path).delete(name);
    this.tell(path, { type: 'DELETED', object: this.stamped(object) });
  }

  bookmark(path: string): void {
    this.tell(path, { type: 'BOOKMARK', object: this.stamped({ metadata: { name: '' } }) });
  }

  /** Ends every watch, as a server does after some time or a broken connection does at any time. */
  breakWatches(error?: Error): void {
    for (const watcher of [...this.watchers]) watcher.end(error);
  }

  get watching(): number {
    return this.watchers.size;
  }

  list<T>(path: string): Promise<KubeList<T>> {
    this.requests.push(`list ${path}`);
    if (this.refusal) return Promise.reject(this.refusal);
    const items = [...this.collection(path).values()] as unknown as T[];
    return Promise.resolve({ items, resourceVersion: String(this.version) });
  }

  watch(path: string, _query: KubeQuery, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
    this.requests.push(`watch ${path}`);
    if (this.refusal) return Promise.reject(this.refusal);
    return new Promise((resolve, reject) => {
      const onAbort = () => watcher.end(new Cancelled());
      const watcher: Watcher = {
        path,
        onEvent,
        end: (error) => {
          this.watchers.delete(watcher);
          signal.removeEventListener('abort', onAbort);
          if (error) reject(error);
          else resolve();
        },
      };
      this.watchers.add(watcher);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  close(): void {
    this.closed += 1;
  }

  private tell(path: string, event: WatchEvent): void {
    for (const watcher of [...this.watchers]) if (watcher.path === path) watcher.onEvent(event);
  }

  private stamped(object: FakeObject): FakeObject {
    const { name } = object.metadata;
    this.version += 1;
    return { ...object, metadata: { uid: name, ...object.metadata, resourceVersion: String(this.version) } };
  }

  private collection(path: string): Map<string, FakeObject> {
    const collection = this.objects.get(path) ?? new Map<string, FakeObject>();
    this.objects.set(path, collection);
    return collection;
  }
}

export const GONE = new KubeApiFailure(410, 'Expired', 'too old', 'watch');
export const UNREACHABLE = new Failure({ code: 'cluster-unreachable', fault: 'environment', summary: 'gone' });

/** An engine that tells of what the test says. */
export class FakeEngine implements EngineClient {
  modem: { socketPath?: string } = {};
  asked = 0;
  refusal: Error | undefined;
  private stream: PassThrough | undefined;

  getEvents(options: { abortSignal?: AbortSignal }): Promise<NodeJS.ReadableStream> {
    this.asked += 1;
    if (this.refusal) return Promise.reject(this.refusal);
    const stream = new PassThrough();
    options.abortSignal?.addEventListener('abort', () => stream.destroy());
    this.stream = stream;
    return Promise.resolve(stream);
  }

  get listening(): boolean {
    return this.stream !== undefined && !this.stream.destroyed;
  }

  say(event: EngineEvent): void {
    this.stream?.write(`${JSON.stringify(event)}\n`);
  }

  /** Closes the connection. */
  cut(): void {
    this.stream?.end();
  }
}

export function notThere(): Error {
  return Object.assign(new Error('connect ENOENT /nowhere.sock'), { code: 'ENOENT' });
}

export function repository(root: string, more: Partial<Repository> = {}): Repository {
  return {
    root,
    realRoot: root,
    apps: [app(root)],
    runtime: { agents: 0, ports: [] },
    remote: { contexts: [] },
    services: [broker],
    problems: [],
    sources: [],
    ...more,
  };
}

export function app(root: string, more: Partial<App> = {}): App {
  return {
    name: { value: 'My App' },
    id: 'my-app',
    dockerfile: { value: `${root}/app/Dockerfile` },
    context: root,
    buildArgs: {},
    build: { cacheFrom: [] },
    platforms: ['linux/amd64'],
    chart: { source: 'builtin', valuesFiles: [], values: {}, imageValues: {} },
    port: 50_008,
    namespace: 'default',
    ...more,
  };
}

export const broker: Service = {
  id: 'mqtt-broker',
  enabled: true,
  image: 'eclipse-mosquitto:2.0',
  args: [],
  env: {},
  ports: [{ container: 1883, node: 31_883 }],
  mounts: [],
  interfaces: [],
};

export function problem(file: string): Problem {
  const at = { line: 1, column: 1 };
  return { severity: 'error', code: 'wrong', message: 'It is wrong.', range: { file, start: at, end: at } };
}

export function running(cluster: string): RuntimeStatus {
  return {
    state: 'running',
    cluster,
    nodes: [{ name: `k3d-${cluster}-server-0`, role: 'server', state: 'running' }],
    registry: { push: 'localhost:20001', pull: 'registry.vapp.internal:5000' },
    services: [{ id: 'mqtt-broker', cluster: 'mqtt-broker:1883', local: 'localhost:31883' }],
    access: { kubeconfig: '/nowhere/kubeconfig.yaml', context: `k3d-${cluster}` },
  };
}

export function absent(cluster: string): RuntimeStatus {
  return { state: 'absent', cluster, nodes: [], services: [] };
}

export function deployment(name: string, release: string, image: string, available = 1): FakeObject {
  return {
    metadata: {
      name,
      namespace: 'default',
      generation: 1,
      labels: { 'app.kubernetes.io/managed-by': 'Helm', 'helm.sh/chart': 'vehicle-app-0.1.0' },
      annotations: { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': 'default' },
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { spec: { containers: [{ name: 'app', image }] } },
    },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: available },
  };
}

export interface PodState {
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly waiting?: string;
  readonly noise?: string;
  /** Since when it is ready or not, RFC 3339. */
  readonly since?: string;
}

export function pod(
  name: string,
  of: string,
  { ready = true, restarts = 0, waiting, noise, since }: PodState = {},
): FakeObject {
  return {
    metadata: {
      name,
      namespace: 'default',
      labels: { app: of },
      creationTimestamp: '2026-01-02T03:04:05Z',
      annotations: { noise: noise ?? '' },
    },
    spec: { containers: [{ name: 'app', image: 'image@sha256:1' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since }],
      containerStatuses: [
        {
          name: 'app',
          ready,
          restartCount: restarts,
          state: waiting === undefined ? { running: {} } : { waiting: { reason: waiting } },
          ...(restarts > 0 ? { lastState: { terminated: { reason: 'Error', exitCode: 3 } } } : {}),
        },
      ],
    },
  };
}

/** Metadata of the Secret that Helm keeps a revision in. */
export function revision(release: string, number: number, status: string): FakeObject {
  return {
    metadata: {
      name: `sh.helm.release.v1.${release}.v${number}`,
      namespace: 'default',
      labels: { owner: 'helm', name: release, version: String(number), status },
      creationTimestamp: '2026-01-02T03:04:05Z',
    },
  };
}

export function node(name: string, ready = true): FakeObject {
  return { metadata: { name }, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } };
}

/** What Kubernetes warns of a pod. */
export function warning(name: string, podName: string, message: string, lastTimestamp: string): FakeObject {
  const involvedObject = { kind: 'Pod', name: podName, uid: podName };
  return { metadata: { name, namespace: 'default' }, involvedObject, reason: 'FailedMount', message, lastTimestamp };
}

/** Judges that find nothing wrong, apart from some. */
export function judges(some: Partial<AppJudges> = {}): AppJudges {
  return { judge: () => undefined, refusal: () => undefined, serviceJudge: () => undefined, ...some };
}
