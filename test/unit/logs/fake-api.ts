import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timestampOf } from '../../../src/logs/timestamp';
import type { ClusterAccess } from '../../../src/tools';

/** One start of a container: what it wrote, in the kubelet's words. */
interface Start {
  readonly lines: { readonly timestamp: string; readonly bytes: Buffer }[];
  exitCode?: number;
  /** Its log is gone. */
  removed?: boolean;
  /** The furthest line in which a stream was cut. */
  cutLine: number;
}

/** A container of the fake cluster. Changes of its life are told to the API only by {@link FakeApi.publish}. */
export class FakeContainer {
  readonly starts: Start[] = [];
  readonly wakers = new Set<() => void>();

  constructor(
    readonly name: string,
    private readonly clock: () => number,
  ) {}

  get present(): Start | undefined {
    return this.starts.at(-1);
  }

  start(): this {
    this.starts.push({ lines: [], cutLine: -1 });
    return this;
  }

  /** @param text with its line break, or without one to leave the line open (as the last of a container may be). */
  write(text: string | Buffer, timestamp = timestampOf(new Date(this.clock()))): this {
    this.present!.lines.push({ timestamp, bytes: Buffer.from(text) });
    return this.wake();
  }

  end(exitCode = 0): this {
    this.present!.exitCode = exitCode;
    return this.wake();
  }

  restart(): this {
    return this.end(1).start().wake();
  }

  rotate(): this {
    this.present!.lines.length = 0;
    return this;
  }

  status(): object {
    const restartCount = Math.max(0, this.starts.length - 1);
    const { present } = this;
    const before = this.starts.at(-2);
    return {
      name: this.name,
      restartCount,
      image: '',
      imageID: '',
      ready: false,
      state: !present
        ? { waiting: { reason: 'ContainerCreating' } }
        : present.exitCode === undefined
          ? { running: {} }
          : { terminated: terminated(present) },
      lastState: before ? { terminated: terminated(before) } : {},
    };
  }

  private wake(): this {
    for (const waker of [...this.wakers]) waker();
    return this;
  }
}

function terminated(start: Start): { exitCode: number; reason: string } {
  return { exitCode: start.exitCode ?? 0, reason: start.exitCode === 0 ? 'Completed' : 'Error' };
}

export class FakePod {
  readonly containers: FakeContainer[];
  version = 0;

  constructor(
    readonly name: string,
    readonly uid: string,
    readonly labels: Readonly<Record<string, string>>,
    containers: readonly string[],
    clock: () => number,
  ) {
    this.containers = containers.map((container) => new FakeContainer(container, clock));
  }

  container(name?: string): FakeContainer {
    return this.containers.find((container) => name === undefined || container.name === name)!;
  }

  object(): object {
    return {
      metadata: { name: this.name, namespace: 'default', uid: this.uid, resourceVersion: String(this.version) },
      spec: { nodeName: 'node', containers: this.containers.map(({ name }) => ({ name })) },
      status: { containerStatuses: this.containers.map((container) => container.status()) },
    };
  }
}

/**
 * As much of a Kubernetes API server with one kubelet as following logs takes, on loopback, with every fault at hand:
 * connections that break after a given number of bytes, that end as if in order, an API that is away.
 */
export class FakeApi {
  readonly access: ClusterAccess;
  readonly pods = new Map<string, FakePod>();
  /** Every log stream breaks after the next number of bytes of this list, until the list is empty. */
  cuts: number[] = [];
  /** Cuts look like the regular end of a stream. */
  cutsAreClean = false;
  /** The bytes of a cut are counted from behind the line of the cut before: each stream shows more than those before. */
  cutsGetFurther = false;
  /** Bytes of log handed to sockets. */
  sent = 0;
  readonly requests: string[] = [];
  /** Watches begin with 410 Gone so often. */
  goneWatches = 0;
  refuseAll: number | undefined;
  /** The user may not read events and files of nodes. */
  restricted = false;
  now = Date.UTC(2026, 10, 24, 7, 18, 57);
  private version = 1;
  private history: { readonly type: string; readonly pod: FakePod; readonly line: string; readonly version: number }[] =
    [];
  private readonly watchers = new Set<() => void>();
  private readonly eventWatchers = new Set<(line: string) => void>();
  private readonly sockets = new Set<Socket>();
  private server = this.newServer();

  private constructor(
    private readonly folder: string,
    private port: number,
  ) {
    this.access = { kubeconfig: join(folder, 'kubeconfig'), context: 'fake' };
  }

  static async start(): Promise<FakeApi> {
    const api = new FakeApi(await mkdtemp(join(tmpdir(), 'fake-api-')), 0);
    await api.up();
    return api;
  }

  get connections(): number {
    return this.sockets.size;
  }

  async up(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    await this.writeKubeconfig();
  }

  /** Ends every connection; none is accepted until {@link FakeApi.up}. */
  async down(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.breakConnections();
    await closed;
    this.server = this.newServer();
  }

  /** As {@link FakeApi.down}, and the next `up` listens elsewhere. */
  async downAndMove(): Promise<void> {
    await this.down();
    this.port = 0;
  }

  async dispose(): Promise<void> {
    await this.down();
    await rm(this.folder, { recursive: true });
  }

  breakConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  addPod(name: string, containers: readonly string[] = ['app'], uid = `uid-${name}`, labels = { app: 'x' }): FakePod {
    const pod = new FakePod(name, uid, labels, containers, () => (this.now += 1));
    this.pods.set(name, pod);
    this.announce('ADDED', pod);
    return pod;
  }

  /** Tells the API what has become of a pod's containers. */
  publish(pod: FakePod): void {
    this.announce('MODIFIED', pod);
  }

  deletePod(pod: FakePod): void {
    this.pods.delete(pod.name);
    this.announce('DELETED', pod);
  }

  /** The kubelet's event that a container has started; the pod's status may tell later. */
  announceStart(pod: FakePod, container: FakeContainer): void {
    const involvedObject = { kind: 'Pod', uid: pod.uid, fieldPath: `spec.containers{${container.name}}` };
    for (const send of [...this.eventWatchers])
      send(`${JSON.stringify({ type: 'ADDED', object: { metadata: {}, involvedObject } })}\n`);
  }

  get eventWatches(): number {
    return this.eventWatchers.size;
  }

  private announce(type: string, pod: FakePod): void {
    pod.version = ++this.version;
    const line = `${JSON.stringify({ type, object: pod.object() })}\n`;
    this.history.push({ type, pod, line, version: this.version });
    for (const wake of [...this.watchers]) wake();
  }

  private newServer(): http.Server {
    const server = http.createServer((request, response) => this.answer(request, response));
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    return server;
  }

  private async writeKubeconfig(): Promise<void> {
    const cluster = { server: `http://127.0.0.1:${this.port}`, 'insecure-skip-tls-verify': true };
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'fake', cluster }],
      users: [{ name: 'fake', user: {} }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    };
    await writeFile(this.access.kubeconfig, JSON.stringify(kubeconfig));
  }

  private answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://fake');
    this.requests.push(url.pathname + url.search);
    const [, name, log] = /\/pods(?:\/([^/]+)(\/log)?)?$/.exec(url.pathname) ?? [];
    const pod = name === undefined ? undefined : this.pods.get(name);
    if (this.restricted && /\/(events|nodes)\b/.test(url.pathname)) refuse(response, 403, 'forbidden');
    else if (url.pathname.endsWith('/events')) this.serveEvents(url.searchParams, response);
    else if (url.pathname.includes('/proxy/logs/')) this.serveFile(url.pathname, request.headers.range, response);
    else if (this.refuseAll !== undefined) refuse(response, this.refuseAll, 'not now');
    else if (name === undefined) this.listOrWatch(url.searchParams, response);
    else if (!pod) refuse(response, 404, `pods "${name}" not found`);
    else if (log === undefined) response.end(JSON.stringify(pod.object()));
    else this.serveLog(pod.container(url.searchParams.get('container') ?? ''), url.searchParams, response);
  }

  private listOrWatch(query: URLSearchParams, response: http.ServerResponse): void {
    const [key = '', value] = (query.get('labelSelector') ?? '').split('=');
    const name = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '')?.[1];
    const matches = (pod: FakePod) => (name === undefined ? pod.labels[key] === value : pod.name === name);
    if (!query.has('watch')) {
      const items = [...this.pods.values()].filter(matches).map((pod) => pod.object());
      response.end(JSON.stringify({ metadata: { resourceVersion: String(this.version) }, items }));
      return;
    }
    if (this.goneWatches > 0) {
      this.goneWatches--;
      response.write(
        `${JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old resource version' } })}\n`,
      );
      response.end();
      return;
    }
    let after = Number(query.get('resourceVersion'));
    response.flushHeaders();
    const send = () => {
      for (const { pod, line, version } of this.history) {
        if (version > after && matches(pod)) response.write(line);
      }
      after = this.version;
    };
    this.watchers.add(send);
    response.once('close', () => this.watchers.delete(send));
    send();
  }

  private serveEvents(query: URLSearchParams, response: http.ServerResponse): void {
    if (!query.has('watch')) {
      response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
      return;
    }
    response.flushHeaders();
    const send = (line: string) => response.write(line);
    this.eventWatchers.add(send);
    response.once('close', () => this.eventWatchers.delete(send));
  }

  private serveFile(path: string, range: string | undefined, response: http.ServerResponse): void {
    const [, folder, name, restart] = /\/pods\/([^/]+)\/([^/]+)\/(\d+)\.log$/.exec(path) ?? [];
    const pod = [...this.pods.values()].find((candidate) => folder === `default_${candidate.name}_${candidate.uid}`);
    const start = pod?.container(name).starts[Number(restart)];
    const text = (start?.lines ?? []).map(({ timestamp, bytes }) => {
      const whole = bytes.at(-1) === 0x0a;
      return `${timestamp.replace(/0+Z$/, 'Z')} stdout ${whole ? 'F' : 'P'} ${bytes.toString('utf8')}${whole ? '' : '\n'}`;
    });
    const rest = Buffer.from(text.join('')).subarray(Number(/\d+/.exec(range ?? '')?.[0] ?? 0));
    if (!start) refuse(response, 404, 'not found');
    else if (rest.length === 0) refuse(response, 416, 'nothing there');
    else response.writeHead(206).end(rest);
  }

  private serveLog(container: FakeContainer, query: URLSearchParams, response: http.ServerResponse): void {
    const previous = query.get('previous') === 'true';
    const start = previous ? container.starts.at(-2) : container.present;
    if (!start || start.removed) {
      refuse(response, 400, `container "${container.name}" is waiting to start: ContainerCreating`);
      return;
    }
    response.flushHeaders();
    void this.pump(container, start, query, response);
  }

  private async pump(
    container: FakeContainer,
    start: Start,
    query: URLSearchParams,
    response: http.ServerResponse,
  ): Promise<void> {
    const since = query.get('sinceTime')?.slice(0, 19);
    const tail = query.get('tailLines');
    let index = tail === null ? 0 : Math.max(0, start.lines.length - Number(tail));
    let budget = this.cuts.shift() ?? Infinity;
    let continued = false;
    for (;;) {
      for (; index < start.lines.length; index++) {
        const { timestamp, bytes } = start.lines[index]!;
        if (since === undefined || timestamp.slice(0, 19) >= since) {
          let data = continued ? bytes : Buffer.concat([Buffer.from(`${timestamp} `), bytes]);
          const counted = !this.cutsGetFurther || index > start.cutLine;
          const cut = counted && data.length > budget;
          if (cut) data = data.subarray(0, budget);
          if (counted) budget -= data.length;
          this.sent += data.length;
          if (!response.write(data)) await writable(response);
          if (response.destroyed) return;
          if (cut) {
            start.cutLine = Math.max(start.cutLine, index);
            if (this.cutsAreClean) response.end();
            else response.write('', () => response.destroy());
            return;
          }
        }
        continued = bytes.at(-1) !== 0x0a;
      }
      if (query.get('follow') !== 'true' || start.exitCode !== undefined) break;
      await new Promise<void>((resolve) => {
        const wake = () => {
          container.wakers.delete(wake);
          response.removeListener('close', wake);
          resolve();
        };
        container.wakers.add(wake);
        response.once('close', wake);
      });
      if (response.destroyed) return;
    }
    response.end();
  }
}

function writable(response: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.removeListener('drain', done);
      response.removeListener('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

function refuse(response: http.ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', message, code: status }));
}
