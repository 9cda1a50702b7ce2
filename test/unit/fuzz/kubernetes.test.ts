import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import sinon from 'sinon';
import { Failure } from '../../../src/base';
import {
  KubeApiFailure,
  KubeStream,
  Reflector,
  releaseRecord,
  type KubeList,
  type WatchableApi,
  type WatchEvent,
} from '../../../src/tools';
import { refusal } from '../../../src/tools/kube-failure';
import { anyBytes, babble, cuts, damaged, pieces, RUNS } from './support';

const name = fc.constantFrom('a', 'b', 'ä😀', '__proto__');
const object = fc.record({
  metadata: fc.record({ name, uid: name, resourceVersion: fc.nat().map(String) }, { requiredKeys: ['name'] }),
  status: fc.jsonValue(),
});
const event = fc.record({ type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'), object });
const events = fc.array(event, { maxLength: 10 });

/** The body of an answer, which breaks at its end when there is an error. */
function streamOf(chunks: readonly Buffer[], error?: Error): KubeStream {
  const body = Readable.from(
    (function* () {
      yield* chunks;
      if (error) throw error;
    })(),
    { objectMode: false },
  );
  return new KubeStream(body, 'https://cluster', undefined);
}

function bytesOf(list: readonly unknown[]): Buffer {
  return Buffer.from(list.map((one) => `${JSON.stringify(one)}\n`).join(''));
}

async function read(stream: KubeStream): Promise<{ seen: WatchEvent[]; failure: unknown }> {
  const seen: WatchEvent[] = [];
  try {
    for await (const one of stream.events()) seen.push(one);
    return { seen, failure: undefined };
  } catch (failure) {
    return { seen, failure };
  }
}

describe('fuzzing the streams of Kubernetes', () => {
  it('reads the same events however their bytes are cut, and whole ones only where the stream ends early', async () => {
    await fc.assert(
      fc.asyncProperty(events, cuts, fc.nat(), fc.boolean(), async (list, places, end, broken) => {
        // What is kept of -0 is 0.
        const expected = JSON.parse(JSON.stringify(list)) as unknown;
        const bytes = bytesOf(list);
        const whole = await read(streamOf(pieces(bytes, places).filter(({ length }) => length > 0)));
        assert.deepEqual(whole, { seen: expected, failure: undefined });

        const part = bytes.subarray(0, end % (bytes.length + 1));
        const { seen, failure } = await read(streamOf([part], broken ? new Error('reset') : undefined));
        assert.deepEqual(seen, (expected as unknown[]).slice(0, part.filter((byte) => byte === 0x0a).length));
        assert.equal((failure as Failure | undefined)?.code, broken ? 'cluster-unreachable' : undefined);
      }),
      RUNS,
    );
  });

  it('fails in one way for whatever else comes', async () => {
    const words = [
      '{',
      '}',
      '"type":',
      '"ADDED"',
      '"object":',
      '"metadata":',
      'null',
      ',',
      '\n',
      '1',
      '[',
      ']',
      '<html>',
    ];
    const text = fc.oneof(
      events.chain((list) => damaged([bytesOf(list).toString()], words)),
      babble(words),
      fc.jsonValue().map((value) => `${JSON.stringify(value)}\n`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          text.map((content) => Buffer.from(content)),
          anyBytes,
        ),
        cuts,
        async (bytes, places) => {
          const { seen, failure } = await read(streamOf(pieces(bytes, places)));
          assert.ok(failure === undefined || (failure instanceof Failure && failure.code === 'cluster-unreachable'));
          for (const { type, object } of seen) {
            assert.ok(typeof object === 'object' && object !== null);
            assert.ok(type === 'ERROR' || 'metadata' in object);
          }
        },
      ),
      RUNS,
    );
  });

  it('tells what a refusal says, whatever its body is', () => {
    const body = fc.oneof(fc.json(), babble(['{', '}', '"message":', '"reason":', '"x"', 'null', ',']));
    fc.assert(
      fc.property(body, fc.nat(600), (text, status) => {
        const failure = refusal(status, text, 'GET /x');
        assert.ok(typeof failure.answer === 'string' && ['string', 'undefined'].includes(typeof failure.reason));
      }),
      RUNS,
    );
  });

  it("reads any of Helm's records, or says that it is damaged", () => {
    const record = JSON.stringify({ manifest: 'kind: Pod\n', hooks: [{ events: ['test'], manifest: 'x' }], info: {} });
    const words = ['{', '}', '"hooks":', '"info":', '"events":', 'null', '1', ','];
    const content = fc.oneof(damaged([record], words), fc.json(), babble(words));
    const packed = content
      .map((text) => gzipSync(text))
      .chain((bytes) =>
        fc.oneof(
          fc.constant(bytes),
          fc.nat(bytes.length).map((end) => bytes.subarray(0, end)),
          anyBytes,
        ),
      );
    fc.assert(
      fc.property(packed, (bytes) => {
        const release = Buffer.from(bytes.toString('base64'), 'latin1').toString('base64');
        const read = releaseRecord({ metadata: {}, data: { release } });
        try {
          assert.ok(typeof read.manifest === 'string' && typeof read.description === 'string');
          for (const { events, manifest } of read.hooks ?? []) {
            assert.ok(Array.isArray(events) && typeof manifest === 'string');
          }
        } catch (error) {
          assert.ok(error instanceof Failure && error.code === 'release-record-unreadable', String(error));
        }
      }),
      RUNS,
    );
  });

  it('comes to what the server has, whatever happened to the watches', async () => {
    const change = fc.record({ name: fc.constantFrom('a', 'b', 'c'), value: fc.option(fc.nat(3)) });
    const session = fc.record({
      changes: fc.array(change, { maxLength: 6 }),
      end: fc.oneof(fc.constantFrom('in order', 'expired', 'no event', 'refused'), fc.nat(2000)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(session, { maxLength: 6 }), cuts, async (sessions, places) => {
        const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
        const stop = new AbortController();
        try {
          const server = new Server(sessions, places);
          const told: string[] = [];
          const reflector = new Reflector(server, '/pods', (one) => (one as { value: unknown }).value);
          const ended = reflector
            .follow(() => told.push(JSON.stringify([...reflector.objects].sort())), stop.signal)
            .catch((error: unknown) => error);
          while (!server.idle) await clock.tickAsync(1000);
          assert.deepEqual(reflector.objects, server.state);
          // Whatever was told was news.
          assert.ok(told.every((state, index) => index === 0 || state !== told[index - 1]));
          stop.abort();
          await ended;
        } finally {
          clock.restore();
        }
      }),
      RUNS,
    );
  });
});

interface Session {
  readonly changes: readonly { readonly name: string; readonly value: number | null }[];
  /** A number: the connection breaks after so many bytes. */
  readonly end: string | number;
}

/** A server with a history, in which every watch but the last ends in a way of its own. */
class Server implements WatchableApi {
  readonly state = new Map<string, number>();
  /** Whether the last watch has begun and told everything. */
  idle = false;
  private readonly history: { readonly type: string; readonly object: object }[] = [];
  private watches = 0;

  constructor(
    private readonly sessions: readonly Session[],
    private readonly places: readonly number[],
  ) {}

  list<T>(): Promise<KubeList<T>> {
    const items = [...this.state].map(([uid, value]) => this.object(uid, value));
    return Promise.resolve({ items: items as T[], resourceVersion: String(this.history.length) });
  }

  async watch(
    _path: string,
    query: { readonly resourceVersion?: unknown },
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { changes, end } = this.sessions[this.watches++] ?? { changes: [], end: 'never' };
    for (const { name: uid, value } of changes) this.change(uid, value);
    if (end === 'refused') throw new KubeApiFailure(503, undefined, 'starting', 'watch');
    const bytes = bytesOf(this.history.slice(Number(query.resourceVersion)));
    const last = { expired: { type: 'ERROR', object: { code: 410 } }, 'no event': { type: 'ADDED' } }[end];
    const chunks = pieces(last ? Buffer.concat([bytes, bytesOf([last])]) : bytes, this.places);
    const cut = typeof end === 'number' ? [bytes.subarray(0, end)] : chunks;
    for await (const one of streamOf(cut, typeof end === 'number' ? new Error('reset') : undefined).events())
      onEvent(one);
    if (end !== 'never') return;
    this.idle = true;
    await new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );
  }

  private change(uid: string, value: number | null): void {
    const known = this.state.has(uid);
    if (value === null && !known) return;
    if (value === null) this.state.delete(uid);
    else this.state.set(uid, value);
    const type = value === null ? 'DELETED' : known ? 'MODIFIED' : 'ADDED';
    const object = this.object(uid, value ?? 0, this.history.length + 1);
    this.history.push({ type, object });
  }

  private object(uid: string, value: number, version = this.history.length): object {
    return { metadata: { name: uid, uid, resourceVersion: String(version) }, value };
  }
}
