import { deepEqual, equal, match } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { NAME } from '../../src/app';

const MAIN = join(__dirname, '../../src/main.ts');

/** The process as the container starts it, without any service around it. */
function start(t: TestContext, variables: Record<string, string>) {
  const env = { ...process.env, ...variables };
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, ended, nextLine: async () => String((await lines.next()).value) };
}

async function takePort(t: TestContext): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const free = async () => {
    server.close();
    await once(server, 'close');
  };
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, free };
}

describe('the process', { timeout: 20_000 }, () => {
  it('says its version first, waits for services and obeys SIGTERM', async (t) => {
    const [own, nobody] = [await takePort(t), await takePort(t)];
    await Promise.all([own.free(), nobody.free()]);
    const { child, ended, nextLine } = start(t, {
      VEHICLE_APP_PORT: String(own.port),
      SDV_MQTT_ADDRESS: `mqtt://localhost:${nobody.port}`,
      SDV_VEHICLEDATABROKER_ADDRESS: `grpc://localhost:${nobody.port}`,
    });
    match(await nextLine(), new RegExp(`${NAME.replace(/[${}]/g, '\\$&')} \\d+\\.\\d+\\.\\d+ started \\(Node.js \\d`));
    const waiting = `${await nextLine()}\n${await nextLine()}`;
    match(waiting, new RegExp(`waiting for the databroker at grpc://localhost:${nobody.port}`));
    match(waiting, new RegExp(`waiting for the MQTT broker at mqtt://localhost:${nobody.port}`));
    child.kill('SIGTERM');
    match(await nextLine(), /stopped$/);
    deepEqual(await ended, [0, null]);
  });

  it('fails with the cause when its port is taken', async (t) => {
    const { port } = await takePort(t);
    const { ended, nextLine } = start(t, { VEHICLE_APP_PORT: String(port) });
    await nextLine();
    match(await nextLine(), /address already in use/);
    equal((await ended)[0], 1);
  });
});
