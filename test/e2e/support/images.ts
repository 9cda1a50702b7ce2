import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { Failure } from '../../../src/base';
import type { Docker } from '../../../src/tools';
import { sleep } from '../../../src/base';

/** A registry of its own for a test. */
export async function withRegistry(docker: Docker, use: (registry: string) => Promise<void>, port = 0): Promise<void> {
  const container = await docker.createContainer({
    Image: 'registry:2',
    ExposedPorts: { '5000/tcp': {} },
    HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
  });
  try {
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const published = NetworkSettings.Ports['5000/tcp']?.[0]?.HostPort ?? '';
    await use(`localhost:${published}`);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** Waits until a registry that has been started takes requests. */
export async function untilRegistryAnswers(registry: string): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    try {
      // While the container starts, the engine's proxy may take a connection and never answer.
      if ((await fetch(`http://${registry}/v2/`, { signal: AbortSignal.timeout(1000) })).ok) return;
    } catch (error) {
      // fetch has one kind of error for a connection that was refused or closed: not up yet.
      if (!(error instanceof TypeError) && (error as Error).name !== 'TimeoutError') throw error;
    }
    await sleep(100);
  }
  throw new Error(`the registry ${registry} did not come up`);
}

/** A manifest as the registry holds it. */
export function manifest(registry: string, repository: string, digest: string): Promise<Response> {
  const accept = [
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ].join(', ');
  return fetch(`http://${registry}/v2/${repository}/manifests/${digest}`, { headers: { accept } });
}

/** The command lines of every process of this machine. */
export async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // A process may end while it is being looked at.
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.replaceAll('\0', ' '));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, error instanceof Error ? error.stack : String(error));
  return error;
}
