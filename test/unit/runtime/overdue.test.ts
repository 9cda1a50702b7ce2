import assert from 'node:assert/strict';
import { Cancelled, Failure } from '../../../src/base';
import type { Engine } from '../../../src/runtime/engine-changes';
import { untilOverdue, type ApiTrouble } from '../../../src/runtime/overdue';

const PATIENCE = { api: 30, empty: 5, silence: 20, poll: 1 };
const K3S = '/bin/k3s server --tls-san=x';
const ENTRYPOINT = '/bin/sh /bin/k3d-entrypoint.sh server --tls-san=x';
const ASKING = 'k3s kubectl uncordon k3d-x-server-0';
const NEVER = new Promise<void>(() => undefined);
const ENDED = Promise.resolve();

/** A node, with as much of an engine as looking at it takes. */
class FakeNode {
  restarts = 0;
  readonly told: string[] = [];
  /** What begins in it with a restart. */
  afterRestart: readonly string[] = [ENTRYPOINT, K3S];
  /** So many looks at its processes later, k3s is not among them any more. */
  k3sEndsAfter = Infinity;
  restartable = true;
  private looks = 0;

  constructor(
    public state: string | undefined,
    /** Command lines; undefined: the engine cannot tell. */
    public processes: readonly string[] | undefined,
  ) {}

  wait(k3d: Promise<void>, trouble: ApiTrouble = {}, signal = new AbortController().signal): Promise<never> {
    const boot = { engine: this.engine, onProgress: (text: string) => void this.told.push(text) };
    return untilOverdue(boot, k3d, trouble, signal, PATIENCE);
  }

  private get engine(): Engine {
    const container = {
      inspect: () =>
        this.state === undefined
          ? Promise.reject(Object.assign(new Error('no such container'), { statusCode: 404 }))
          : Promise.resolve({ State: { Status: this.state } }),
      top: () => {
        if (++this.looks > this.k3sEndsAfter) this.processes = [ENTRYPOINT, ASKING];
        return this.processes
          ? Promise.resolve({ Processes: this.processes.map((command) => ['root', '1', command]) })
          : Promise.reject(new Error('no ps'));
      },
      restart: () => {
        this.restarts += 1;
        if (!this.restartable) return Promise.reject(new Error('did not receive an exit event'));
        this.processes = this.afterRestart;
        return Promise.resolve();
      },
      logs: () => Promise.resolve(Buffer.from('\x01\0\0\0\0\0\0\x05said\n')),
    };
    return { docker: { getContainer: () => container }, cluster: 'vapp-x' } as unknown as Engine;
  }
}

async function failureOf(waiting: Promise<never>): Promise<Failure> {
  try {
    return await waiting;
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, 'cluster-not-ready');
    assert.equal(error.evidence.at(-1), 'said');
    return error;
  }
}

describe('a node in which Kubernetes does not come up', () => {
  it('is restarted when k3s has ended in it, and given time again', async () => {
    const node = new FakeNode('running', [ENTRYPOINT]);
    const { summary } = await failureOf(node.wait(ENDED));
    assert.equal(node.restarts, 1);
    assert.deepEqual(node.told, ['Restarting the node: k3s has ended in it']);
    assert.match(summary, /nothing answers/);
  });

  it('is given up when k3s has ended in it again', async () => {
    const node = new FakeNode('running', [ENTRYPOINT, ASKING]);
    node.afterRestart = [ENTRYPOINT, K3S];
    node.k3sEndsAfter = 12;
    const { summary, nextSteps } = await failureOf(node.wait(ENDED));
    assert.equal(node.restarts, 1);
    assert.match(summary, /k3s has ended in its node/);
    assert.match(nextSteps.join(), /vapp delete/);
  });

  it('is restarted once when it is silent, whether the engine tells what runs in it or not', async () => {
    for (const processes of [[ENTRYPOINT, K3S], undefined]) {
      const node = new FakeNode('running', processes);
      node.afterRestart = processes ?? [K3S];
      await failureOf(node.wait(ENDED));
      assert.deepEqual(node.told, ['Restarting the node: nothing in it answers']);
      assert.equal(node.restarts, 1);
    }
  });

  it('is given up when the engine cannot restart it', async () => {
    const node = new FakeNode('running', [ENTRYPOINT]);
    node.restartable = false;
    const { summary, evidence } = await failureOf(node.wait(ENDED));
    assert.match(summary, /could not be restarted/);
    assert.match(evidence.join(), /did not receive an exit event/);
  });

  it('is left to k3d while that is at work', async () => {
    const silent = new FakeNode('running', [ENTRYPOINT, K3S]);
    assert.match((await failureOf(silent.wait(NEVER))).summary, /nothing answers/);
    const empty = new FakeNode('running', [ENTRYPOINT, K3S]);
    empty.k3sEndsAfter = 3;
    assert.match((await failureOf(empty.wait(NEVER))).summary, /k3s has ended/);
    const strange = new FakeNode('running', [ENTRYPOINT, 'something else']);
    assert.match((await failureOf(strange.wait(NEVER))).summary, /nothing answers/);
    assert.equal(silent.restarts + empty.restarts + strange.restarts, 0);
  });

  it('is not waited for when it has ended, or k3d has failed', async () => {
    assert.match((await failureOf(new FakeNode('exited', []).wait(ENDED))).summary, /its node is exited/);
    assert.match((await failureOf(new FakeNode(undefined, []).wait(ENDED))).summary, /its node is gone/);
    await assert.rejects(new FakeNode('created', []).wait(Promise.reject(new Error('k3d'))), /k3d/);
  });

  it('says what the API said last', async () => {
    const last = new Failure({ code: 'cluster-unreachable', fault: 'environment', summary: 'nobody there' });
    const { evidence } = await failureOf(new FakeNode('running', [K3S]).wait(NEVER, { last }));
    assert.deepEqual(evidence, ['nobody there', 'said']);
  });

  it('is waited for until cancelled', async () => {
    const cancel = new AbortController();
    const waiting = new FakeNode('running', [K3S]).wait(NEVER, {}, cancel.signal);
    cancel.abort();
    await assert.rejects(waiting, Cancelled);
  });
});
