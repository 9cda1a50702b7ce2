import { deepEqual, equal, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, ServerCredentials, status, type sendUnaryData, type ServerWritableStream } from '@grpc/grpc-js';
import { SPEED_PATH } from '../../src/app';
import { Databroker } from '../../src/databroker';
import { valService, type DataEntry, type GetResponse, type SubscribeResponse } from '../../src/val';

const HOST = '127.0.0.1';
const NO_SIGNAL = { code: status.NOT_FOUND, details: 'no such signal' };

/** A databroker that knows one signal, which never changes; or none. */
async function serve(
  t: TestContext,
  entry: DataEntry | undefined,
  port = 0,
): Promise<{ port: number; server: Server }> {
  const server = new Server();
  server.addService(valService, {
    Get: (_call: unknown, callback: sendUnaryData<Partial<GetResponse>>) =>
      entry ? callback(null, { entries: [entry] }) : callback(NO_SIGNAL),
    Subscribe: (call: ServerWritableStream<unknown, SubscribeResponse>) => {
      if (entry) call.write({ updates: [{ entry, fields: ['FIELD_VALUE'] }] });
      else call.emit('error', NO_SIGNAL);
    },
  });
  t.after(() => server.forceShutdown());
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), (error, value) =>
      error ? reject(error) : resolve(value),
    );
  });
  return { port: bound, server };
}

function open(t: TestContext, port: number): Databroker {
  const databroker = new Databroker({ host: HOST, port });
  t.after(() => databroker.close());
  return databroker;
}

/** Tells of the next value that the databroker reports. */
function follow(
  databroker: Databroker,
  onSubscribed: () => unknown = () => undefined,
): () => Promise<number | undefined> {
  const values: (number | undefined)[] = [];
  let onChange = (): void => undefined;
  void databroker.follow(SPEED_PATH, {
    onSubscribed: () => void onSubscribed(),
    onValue: (value) => {
      values.push(value);
      onChange();
    },
  });
  return async () => {
    if (values.length === 0) await new Promise<void>((resolve) => (onChange = resolve));
    return values.shift();
  };
}

function speed(float: number): DataEntry {
  return { path: SPEED_PATH, value: { float } };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe('the databroker', { timeout: 20_000 }, () => {
  it('is followed after a lost connection', async (t) => {
    const { port, server } = await serve(t, speed(12));
    const next = follow(open(t, port));
    equal(await next(), 12);
    server.forceShutdown();
    await serve(t, speed(13), port);
    equal(await next(), 13);
  });

  it('may come late', async (t) => {
    const port = await freePort();
    const next = follow(open(t, port));
    // Longer than the first two attempts.
    await sleep(600);
    await serve(t, speed(12), port);
    equal(await next(), 12);
  });

  it('tells a signal without value from zero', async (t) => {
    const { port } = await serve(t, { path: SPEED_PATH });
    const databroker = open(t, port);
    equal(await follow(databroker)(), undefined);
    equal(await databroker.read(SPEED_PATH), undefined);
  });

  it('tells zero from a signal without value', async (t) => {
    const { port } = await serve(t, speed(0));
    const databroker = open(t, port);
    deepEqual([await follow(databroker)(), await databroker.read(SPEED_PATH)], [0, 0]);
  });

  it('has no subscriber that it refuses', async (t) => {
    const { port, server } = await serve(t, undefined);
    let subscriptions = 0;
    const databroker = open(t, port);
    const next = follow(databroker, () => (subscriptions += 1));
    await rejects(databroker.read(SPEED_PATH), { message: 'no such signal' });
    await sleep(300);
    equal(subscriptions, 0);
    server.forceShutdown();
    await serve(t, speed(12), port);
    equal(await next(), 12);
    equal(subscriptions, 1);
  });

  it('does not answer when it is gone', async (t) => {
    const { port, server } = await serve(t, speed(12));
    const databroker = open(t, port);
    equal(await databroker.read(SPEED_PATH), 12);
    server.forceShutdown();
    await rejects(databroker.read(SPEED_PATH));
  });
});
