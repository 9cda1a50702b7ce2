import { equal } from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { serveHealth } from '../../src/health';

test('GET /healthz is unavailable until the app is ready', async (t) => {
  let ready = false;
  const server = await serveHealth(0, () => ready);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const statusOf = async (path: string) => (await fetch(`http://localhost:${port}${path}`)).status;

  equal(await statusOf('/healthz'), 503);
  ready = true;
  equal(await statusOf('/healthz'), 200);
  equal(await statusOf('/'), 404);
});
