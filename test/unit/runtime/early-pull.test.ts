import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { Cancelled, Failure } from '../../../src/base';
import { pullEarly } from '../../../src/runtime/early-pull';
import type { Engine } from '../../../src/runtime/engine-changes';

const IMAGE = 'registry.vapp.internal:5000/app@sha256:1';
/** As it comes through the engine, behind the length of the line. */
const SERVES = '\u0001\0\0\0\0\0\0\u0030time="x" level=info msg="containerd is now running"\n';
const NEVER = new Promise<void>(() => undefined);

const STARTED = '2026-11-30T10:00:00.5Z';

/** As much of an engine as one node takes, whose containerd serves after some attempts. */
class FakeNode {
  readonly commands: (readonly string[])[] = [];
  /** What it writes; unless told otherwise, that its containerd serves. */
  log: () => Promise<Readable> = () => Promise.resolve(Readable.from([Buffer.from(SERVES)], { objectMode: false }));
  readonly asked: unknown[] = [];
  private looks = 0;

  constructor(
    /** It is not there for so many looks, and then does not run for as many. */
    private readonly begins: number,
    /** What comes of each pull; the last one's goes on for ever. */
    private readonly pulls: readonly (() => Promise<unknown>)[],
  ) {}

  engine(signal?: AbortSignal): Engine {
    const inspect = () => {
      this.looks += 1;
      if (this.looks <= this.begins) return Promise.reject(Object.assign(new Error('none'), { statusCode: 404 }));
      return Promise.resolve({ State: { Running: this.looks > 2 * this.begins, StartedAt: STARTED } });
    };
    const logs = (options: object) => {
      this.asked.push(options);
      return this.log();
    };
    const run = (program: string, args: readonly string[], options: { signal: AbortSignal }) => {
      this.commands.push([program, ...args]);
      const pull = this.pulls[Math.min(this.commands.length, this.pulls.length) - 1]!;
      return Promise.race([
        pull(),
        new Promise((_, reject) => options.signal.addEventListener('abort', () => reject(new Cancelled()))),
      ]);
    };
    return {
      docker: { getContainer: () => ({ inspect, logs }) },
      toolbox: { run },
      cluster: 'x',
      signal,
    } as unknown as Engine;
  }
}

const pulled = () => Promise.resolve({});
const refused = () =>
  Promise.reject(new Failure({ code: 'tool-failed', fault: 'environment', summary: 'no containerd', nextSteps: [] }));

describe('pulling on a node that comes up', () => {
  it('waits for the node and for its containerd', async () => {
    const node = new FakeNode(1, [refused, pulled]);
    assert.equal(await pullEarly(node.engine(), IMAGE, NEVER), true);
    assert.equal(node.commands.length, 2);
    const [command = []] = node.commands;
    assert.deepEqual(command, ['docker', 'exec', 'k3d-x-server-0', 'crictl', 'pull', IMAGE]);
  });

  it('asks for nothing before the node says that its containerd serves', async () => {
    const node = new FakeNode(0, [pulled]);
    const log = new PassThrough();
    node.log = () => Promise.resolve(log);
    const pulling = pullEarly(node.engine(), IMAGE, NEVER);
    log.write('Waiting for containerd startup\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(node.commands.length, 0);
    log.write(SERVES.slice(0, 30));
    log.write(SERVES.slice(30));
    assert.equal(await pulling, true);
    assert.ok(log.destroyed);
    const [{ since, follow }] = node.asked as [{ since: number; follow: boolean }];
    assert.deepEqual([since, follow], [Date.parse(STARTED) / 1000, true]);
  });

  it('asks containerd itself where the node cannot be listened to', async () => {
    for (const log of [() => Promise.reject(new Error('no logs')), () => Promise.resolve(Readable.from([]))]) {
      const node = new FakeNode(0, [refused, pulled]);
      node.log = log;
      assert.equal(await pullEarly(node.engine(), IMAGE, NEVER), true);
    }
  });

  it('begins none when the cluster is up before the node says so', async () => {
    const node = new FakeNode(0, [pulled]);
    const log = new PassThrough();
    node.log = () => Promise.resolve(log);
    const up = new Promise<void>((resolve) => setTimeout(resolve, 10));
    assert.equal(await pullEarly(node.engine(), IMAGE, up), false);
    assert.equal(node.commands.length, 0);
  });

  it('begins none when the cluster is up', async () => {
    const node = new FakeNode(Infinity, [pulled]);
    assert.equal(await pullEarly(node.engine(), IMAGE, Promise.resolve()), false);
    assert.equal(node.commands.length, 0);
  });

  it('is left to the kubelet when it fails until the cluster is up', async () => {
    let up!: () => void;
    const cluster = new Promise<void>((resolve) => (up = resolve));
    const node = new FakeNode(0, [
      () => {
        up();
        return refused();
      },
    ]);
    assert.equal(await pullEarly(node.engine(), IMAGE, cluster), false);
    assert.equal(node.commands.length, 1);
  });

  it('ends with a cluster that does not come up, without a failure of its own', async () => {
    const node = new FakeNode(0, [() => NEVER]);
    const failed = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('no cluster')), 10));
    assert.equal(await pullEarly(node.engine(), IMAGE, failed), false);
  });

  it('ends when nobody needs it any more, without a failure', async () => {
    for (const begins of [0, Infinity]) {
      const deployed = new AbortController();
      const node = new FakeNode(begins, [() => NEVER]);
      setTimeout(() => deployed.abort(), 10);
      assert.equal(await pullEarly(node.engine(), IMAGE, NEVER, deployed.signal), false);
    }
  });

  it('is cancelled', async () => {
    const stop = new AbortController();
    const node = new FakeNode(0, [() => NEVER]);
    setTimeout(() => stop.abort(), 10);
    await assert.rejects(pullEarly(node.engine(stop.signal), IMAGE, NEVER), Cancelled);
  });

  it('hides no defect', async () => {
    const node = new FakeNode(0, [() => Promise.reject(new TypeError('a defect'))]);
    await assert.rejects(pullEarly(node.engine(), IMAGE, NEVER), TypeError);
  });
});
