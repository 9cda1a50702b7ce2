import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Cancelled, Failure, sleep } from '../../../src/base';
import { followLogs, type LogEvent, type LogRequest } from '../../../src/logs';
import { kubernetes } from '../../../src/tools';
import { FakeApi } from './fake-api';
import { FeedReader } from './feed-reader';

const numbered = (count: number, prefix = '') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('followLogs', () => {
  let api: FakeApi;
  const readers: FeedReader[] = [];

  const read = (request?: Partial<LogRequest>) => {
    const reader = new FeedReader({
      access: api.access,
      namespace: 'default',
      selectors: ['app=x'],
      follow: true,
      ...request,
    });
    readers.push(reader);
    return reader;
  };

  const untilLogRequests = async (count: number) => {
    while (api.requests.filter((request) => request.includes('/log')).length < count)
      await new Promise((resolve) => setTimeout(resolve, 2));
  };

  before('loads the Kubernetes client', async function () {
    this.timeout(60_000);
    await kubernetes();
  });

  beforeEach(async () => {
    api = await FakeApi.start();
  });

  afterEach(async () => {
    for (const reader of readers.splice(0)) await reader.cancel();
    await api.dispose();
  });

  it('delivers what is there and what comes, and tells when the container ended', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start().write('one\n');
    const reader = read();
    await reader.untilLines(1);
    container.write('two\n').write('no line break').end(3);
    api.publish(pod);
    await reader.until(() => reader.events.at(-1)?.type === 'ended');
    assert.deepEqual(reader.summary, ['0 started', '0 one', '0 two', '0 no line break', '0 ended']);
    assert.deepEqual(reader.events.at(-1), {
      type: 'ended',
      pod: 'a',
      container: 'app',
      restart: 0,
      exitCode: 3,
      reason: 'Error',
    });
    const [, line] = reader.events;
    assert.deepEqual(line, {
      type: 'line',
      line: {
        pod: 'a',
        podUid: 'uid-a',
        container: 'app',
        restart: 0,
        timestamp: '2026-11-24T07:18:57.001000000Z',
        text: 'one',
      },
    });
  });

  it('waits for a container by the watch, without asking again and again', async () => {
    const pod = api.addPod('a');
    const reader = read();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(api.requests.filter((request) => request.includes('/log')).length, 0);
    pod.container().start().write('here\n');
    api.publish(pod);
    await reader.untilLines(1);
  });

  it('delivers lines before the status of the pod tells that the container runs', async () => {
    const pod = api.addPod('a');
    const container = pod.container();
    const reader = read();
    while (api.eventWatches === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    container.start().write('early\n');
    // Nothing is published of it: to the API, the container is yet to start.
    api.announceStart(pod, container);
    await reader.untilLines(1);
    container.write('early too\n');
    await reader.untilLines(2);
    container.write('partial').write(' line\n');
    api.publish(pod);
    await reader.untilLines(3);
    container.write('late\n');
    await reader.untilLines(4);
    assert.deepEqual(reader.summary, ['0 started', '0 early', '0 early too', '0 partial line', '0 late']);
  });

  it('does without events and files of nodes where it may not read them', async () => {
    api.restricted = true;
    const pod = api.addPod('a');
    const reader = read();
    pod.container().start().write('here\n');
    api.publish(pod);
    await reader.untilLines(1);
  });

  it('delivers every line once wherever connections break', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 12 }),
        fc.boolean(),
        fc.array(fc.constantFrom(0, 0, 1, 300), { minLength: 60, maxLength: 60 }),
        async (cuts, clean, steps) => {
          // What ends in order within the first timestamp is indistinguishable from a message of the kubelet's.
          api.cuts = cuts.filter((cut) => !clean || cut > 40);
          api.cutsAreClean = clean;
          // A log that ends in order twice at the same place is whole, for whoever reads it.
          api.cutsGetFurther = clean;
          const pod = api.addPod(`pod-${api.requests.length}`);
          const container = pod.container().start();
          let now = Date.UTC(2026, 10, 24, 7, 18, 57);
          const texts = steps.map((step, index) => {
            now += step;
            const text = `${index} ${'äöü€😀'.repeat(index % 7)}`;
            container.write(`${text}\n`, new Date(now).toISOString());
            return text;
          });
          container.end();
          api.publish(pod);
          const reader = read();
          await reader.until(() => reader.events.at(-1)?.type === 'ended');
          await reader.cancel();
          api.deletePod(pod);
          assert.deepEqual(reader.lines, texts);
          assert.deepEqual(reader.gaps, []);
        },
      ),
      // To look for the smallest failure would take longer than the test may.
      { numRuns: 20, endOnFailure: true },
    );
    // Each connection that breaks is waited for; how many do, chance decides.
  }).timeout(60_000);

  it('reads again when a stream ends in order before the place reached earlier', async () => {
    const header = 31;
    const line = header + 'line 0\n'.length;
    api.cuts = [2 * line + header + 2, line, line + 1];
    api.cutsAreClean = true;
    const pod = api.addPod('a');
    const container = pod.container().start();
    for (let index = 0; index < 4; index++) container.write(`line ${index}\n`);
    container.end();
    api.publish(pod);
    const reader = read();
    await reader.until(() => reader.events.at(-1)?.type === 'ended');
    assert.deepEqual(reader.lines, numbered(4, 'line '));
    assert.deepEqual(reader.gaps, []);
  });

  it('goes on after the connection broke while the container writes', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start();
    const reader = read();
    for (let round = 0; round < 5; round++) {
      container.write(`${round}\n`);
      api.publish(pod);
      await reader.untilLines(round + 1);
      api.breakConnections();
    }
    container.write('5\n');
    await reader.untilLines(6);
    assert.deepEqual(reader.lines, numbered(6));
  });

  it('fetches the rest of a container that was restarted while the API was away, and says that it was away', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start().write('a0\n');
    const reader = read();
    await reader.untilLines(1);
    await api.downAndMove();
    await reader.until(() => reader.events.at(-1)?.type === 'interrupted');
    container.write('a1\n').write('a2').restart().write('b0\n');
    api.publish(pod);
    await api.up();
    await reader.untilLines(4);
    const lifecycle = reader.summary.filter((event) => event !== 'interrupted' && event !== 'resumed');
    assert.deepEqual(lifecycle, ['0 started', '0 a0', '0 a1', '0 a2', '0 ended', '1 started', '1 b0']);
    assert.deepEqual(
      reader.summary.filter((event) => event === 'interrupted' || event === 'resumed'),
      ['interrupted', 'resumed'],
    );
  });

  it('tells of a gap when a container was restarted more than once meanwhile', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start().write('a0\n');
    const reader = read();
    await reader.untilLines(1);
    await api.down();
    container.write('lost\n').restart().write('lost too\n').restart().write('c0\n').restart().write('d0\n');
    api.publish(pod);
    await api.up();
    await reader.untilLines(3);
    assert.deepEqual(reader.lines, ['a0', 'c0', 'd0']);
    assert.deepEqual(
      reader.gaps.map(({ restart, after }) => [restart, after?.slice(0, 23)]),
      [
        [0, '2026-11-24T07:18:57.001'],
        [1, undefined],
      ],
    );
  });

  it('tells of a gap when the log was rotated meanwhile', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start().write('a0\n');
    const reader = read();
    await reader.untilLines(1);
    await api.down();
    container.write('lost\n').rotate().write('a2\n');
    api.publish(pod);
    await api.up();
    await reader.untilLines(2);
    assert.deepEqual(reader.summary.slice(-2), ['0 gap', '0 a2']);
  });

  it('leaves out what the kubelet sends twice in one stream', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start();
    const lines = numbered(3000).map((text, index) => ({ text, at: new Date(api.now + index).toISOString() }));
    for (const { text, at } of [...lines, ...lines.slice(1000)]) container.write(`${text}\n`, at);
    container.write('after\n', new Date(api.now + 5000).toISOString());
    const reader = read();
    await reader.until(() => reader.lines.at(-1) === 'after');
    assert.deepEqual(reader.lines, [...numbered(3000), 'after']);
  });

  it('tells of a gap when the pod vanished before its log was read', async () => {
    const pod = api.addPod('a');
    pod.container().start().write('a0\n');
    const reader = read();
    await reader.untilLines(1);
    await api.down();
    pod.container().write('lost\n').end(0);
    api.publish(pod);
    api.deletePod(pod);
    await api.up();
    await reader.until(() => reader.events.some((event) => event.type === 'ended'));
    assert.equal(reader.gaps.length, 1);
  });

  it('tells of a gap when the pod vanished while the API was away, also where its log had ended in order', async () => {
    const header = 31;
    api.cuts = [header + 'a0\n'.length];
    api.cutsAreClean = true;
    const pod = api.addPod('a');
    pod.container().start().write('a0\n').write('lost\n');
    const reader = read();
    await reader.untilLines(1);
    await api.down();
    api.deletePod(pod);
    await reader.until(() => reader.events.some(({ type }) => type === 'interrupted'));
    // Until it has tried to read the log again.
    await sleep(1500);
    await api.up();
    await reader.until(() => reader.events.some(({ type }) => type === 'ended'));
    assert.equal(reader.gaps.length, 1);
  });

  it('reads on to the end when the pod is deleted', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start().write('a0\n');
    const reader = read();
    await reader.untilLines(1);
    api.deletePod(pod);
    container.write('a1\n').write('a2').end(0);
    await reader.until(() => reader.events.at(-1)?.type === 'ended');
    assert.deepEqual(reader.lines, ['a0', 'a1', 'a2']);
    assert.deepEqual(reader.gaps, []);
  });

  it('waits for what is still on its way when the pod is gone', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start().write('a0\n');
    const reader = read();
    await reader.untilLines(1);
    api.deletePod(pod);
    // As long as a connection may take to go on after the network was cut.
    await sleep(4000);
    container.write('a1\n').end(0);
    await reader.until(() => reader.events.at(-1)?.type === 'ended');
    assert.deepEqual(reader.lines, ['a0', 'a1']);
    assert.deepEqual(reader.gaps, []);
  });

  it('does not take a pod of the same name for the old one', async () => {
    const old = api.addPod('a', ['app'], 'old');
    old.container().start().write('old\n');
    const reader = read();
    await reader.untilLines(1);
    old.container().end(0);
    api.deletePod(old);
    const replacement = api.addPod('a', ['app'], 'new');
    replacement.container().start().write('new\n');
    api.publish(replacement);
    await reader.untilLines(2);
    const uids = reader.events.flatMap((event) => (event.type === 'line' ? [event.line.podUid] : []));
    assert.deepEqual(
      [reader.lines, uids],
      [
        ['old', 'new'],
        ['old', 'new'],
      ],
    );
  });

  it('gives the earlier log even when the kubelet has served the next one in its place', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start();
    api.publish(pod);
    container.write('a0\n').restart().write('b0\n');
    const reader = read();
    await reader.untilLines(1);
    api.publish(pod);
    await reader.untilLines(2);
    container.write('b1\n');
    await reader.untilLines(3);
    assert.deepEqual([...reader.lines].sort(), ['a0', 'b0', 'b1']);
    assert.deepEqual(reader.gaps, []);
  });

  it('lists again when the history of the watch is gone', async () => {
    api.goneWatches = 2;
    const reader = read();
    while (api.goneWatches > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const pod = api.addPod('late');
    pod.container().start().write('here\n');
    api.publish(pod);
    await reader.untilLines(1);
    assert.ok(
      api.requests.filter((request) => !request.includes('watch') && request.includes('labelSelector')).length > 1,
    );
  });

  it('follows all containers of all selected pods, each pod once', async () => {
    const first = api.addPod('a', ['init', 'app']);
    for (const container of first.containers) container.start().write(`a/${container.name}\n`);
    const other = api.addPod('other', ['app'], 'uid-other', { app: 'y' });
    other.container().start().write('unwanted\n');
    const reader = read({ selectors: ['app=x', 'app=x'] });
    await reader.untilLines(2);
    const second = api.addPod('b');
    second.container().start().write('b/app\n');
    api.publish(second);
    await reader.untilLines(3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual([...reader.lines].sort(), ['a/app', 'a/init', 'b/app']);
  });

  it('follows the named containers only', async () => {
    const pod = api.addPod('a', ['app', 'sidecar']);
    for (const container of pod.containers) container.start().write(`${container.name}\n`);
    const reader = read({ containers: ['sidecar'], follow: false });
    await reader.done;
    assert.deepEqual(reader.lines, ['sidecar']);
  });

  it('stops reading the socket while nobody reads the events', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start();
    const text = 'x'.repeat(1000);
    const count = 20_000;
    for (let index = 0; index < count; index++) container.write(`${text}\n`);
    const iterator = followLogs({ access: api.access, namespace: 'default', selectors: ['app=x'], follow: false })[
      Symbol.asyncIterator
    ]();
    const linesIn = (events: readonly LogEvent[] = []) => events.filter(({ type }) => type === 'line').length;
    let lines = linesIn((await iterator.next()).value);
    let before = -1;
    while (before !== api.sent) {
      before = api.sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(api.sent < 14_000_000, `${api.sent} of ${count * 1031} bytes sent though nobody read`);
    for (let result = await iterator.next(); !result.done; result = await iterator.next()) {
      lines += linesIn(result.value);
    }
    assert.equal(lines, count);
  });

  it('cuts a very long line into pieces', async () => {
    const text = 'é'.repeat(2_000_000);
    api.cuts = [1_000_000, 2_500_000];
    const pod = api.addPod('a');
    pod.container().start().write(`${text}\n`).write('next\n').end(0);
    api.publish(pod);
    const reader = read({ follow: false });
    await reader.done;
    assert.equal(reader.lines.slice(0, -1).join(''), text);
    assert.equal(reader.lines.at(-1), 'next');
  });

  it('without follow delivers what is there, the earlier container included, and ends', async () => {
    const pod = api.addPod('a');
    pod.container().start().write('a0\n').restart().write('b0\n').restart().write('c0\n');
    api.publish(pod);
    const reader = read({ follow: false });
    assert.equal(await reader.done, undefined);
    assert.deepEqual(reader.summary, ['1 started', '1 b0', '1 ended', '2 started', '2 c0']);
  });

  it('waits without follow for the end of a line that is being written', async () => {
    const container = api.addPod('a').container().start().write('whole\n').write('to');
    const reader = read({ follow: false });
    await untilLogRequests(1);
    container.write('rn\n');
    await reader.done;
    assert.deepEqual(reader.lines, ['whole', 'torn']);
  });

  it('says without follow that a line is not finished', async () => {
    api.addPod('a').container().start().write('whole\n').write('Name? ');
    const reader = read({ follow: false });
    await reader.done;
    assert.deepEqual(
      reader.logLines.map(({ text, unterminated }) => [text, unterminated]),
      [
        ['whole', undefined],
        ['Name? ', true],
      ],
    );
  });

  it('waits for what the runtime has still to write of a container that ended', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start().write('line 1\n').write('l').end(0);
    api.publish(pod);
    const reader = read();
    await untilLogRequests(1);
    // Long enough for a reader that asks twice at once.
    await new Promise((resolve) => setTimeout(resolve, 50));
    container.write('ine 2\n').write('line 3\n');
    await reader.until(() => reader.events.at(-1)?.type === 'ended');
    assert.deepEqual(reader.lines, ['line 1', 'line 2', 'line 3']);
  });

  it('says that nothing ended the last line of a container', async () => {
    const pod = api.addPod('a');
    pod.container().start().write('line 1\n').write('l').end(0);
    api.publish(pod);
    const reader = read();
    await reader.until(() => reader.events.at(-1)?.type === 'ended');
    assert.deepEqual(
      reader.logLines.map(({ text, unterminated }) => [text, unterminated]),
      [
        ['line 1', undefined],
        ['l', true],
      ],
    );
  });

  it('does not repeat the beginning of a line at which a stream was cut', async () => {
    const header = 31;
    api.cuts = [header + 'line 1\n'.length + header + 1];
    api.cutsAreClean = true;
    const pod = api.addPod('a');
    const container = pod.container().start().write('line 1\n').write('line 2\n');
    const reader = read();
    await untilLogRequests(1);
    api.publish(pod);
    await reader.untilLines(2);
    await api.down();
    api.deletePod(pod);
    container.write('lost\n');
    await api.up();
    await reader.until(() => reader.events.some(({ type }) => type === 'ended'));
    assert.deepEqual(reader.lines, ['line 1', 'line 2']);
    assert.equal(reader.gaps.length, 1);
  });

  it('follows the named pods only, with selectors or without', async () => {
    for (const name of ['a', 'b', 'c']) api.addPod(name).container().start().write(`${name}\n`);
    const selected = read({ pods: ['b'], follow: false });
    await selected.done;
    assert.deepEqual(selected.lines, ['b']);
    const named = read({ selectors: [], pods: ['a', 'c'], follow: false });
    await named.done;
    assert.deepEqual([...named.lines].sort(), ['a', 'c']);
  });

  it('gives what was written before the last restart', async () => {
    const pod = api.addPod('a', ['app', 'sidecar']);
    pod.container('app').start().write('a0\n').restart().write('b0\n').write('b1\n').restart().write('c0\n');
    pod.container('sidecar').start().write('never restarted\n');
    api.publish(pod);
    const all = read({ follow: false, previous: true });
    await all.done;
    assert.deepEqual(all.summary, ['1 started', '1 b0', '1 b1', '1 ended']);
    const tail = read({ follow: false, previous: true, tail: 1 });
    await tail.done;
    assert.deepEqual(tail.lines, ['b1']);
    assert.throws(() => read({ previous: true }), { code: 'logs-previous-followed' });
  });

  it('leaves out what is older than asked for', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start();
    for (const second of [0, 1, 2, 3])
      container.write(`${second}\n`, new Date(Date.UTC(2026, 0, 1, 0, 0, second, 500)).toISOString());
    const reader = read({ follow: false, since: new Date(Date.UTC(2026, 0, 1, 0, 0, 1, 501)) });
    await reader.done;
    assert.deepEqual(reader.lines, ['2', '3']);
  });

  it('begins with the last lines asked for, and goes on from there', async () => {
    const pod = api.addPod('a');
    const container = pod.container().start();
    for (const text of numbered(10)) container.write(`${text}\n`);
    const reader = read({ tail: 2 });
    await reader.untilLines(2);
    api.breakConnections();
    container.write('10\n');
    await reader.untilLines(3);
    assert.deepEqual(reader.lines, ['8', '9', '10']);
  });

  it('ends all connections at once when cancelled', async () => {
    const pod = api.addPod('a');
    pod.container().start().write('one\n');
    const reader = read();
    await reader.untilLines(1);
    assert.ok((await reader.cancel()) instanceof Cancelled);
    while (api.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('ends all connections at once when the reader leaves', async () => {
    const pod = api.addPod('a');
    pod.container().start().write('one\n');
    const reader = read();
    await reader.untilLines(1);
    await reader.return();
    assert.equal(await reader.done, undefined);
    while (api.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('says so when the API denies access', async () => {
    api.refuseAll = 403;
    const reader = read();
    const error = await reader.done;
    assert.ok(error instanceof Failure && error.code === 'logs-refused', String(error));
  });

  it('says so when there is nothing to select by', () => {
    assert.throws(() => read({ selectors: [] }), { code: 'logs-without-selector' });
  });
});
