import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep } from '../../../src/base';
import type { Docker } from '../../../src/tools';

/** A registry that lives for as long as a suite. */
export class TestRegistry {
  private constructor(
    /** Host and port as this machine and its engine call it. */
    readonly host: string,
    readonly dispose: () => Promise<void>,
  ) {}

  /** The registry of the stack. @param locked only who is ada and knows {@link PASSWORD} may read or write. */
  static async start(docker: Docker, locked = false): Promise<TestRegistry> {
    const container = await docker.createContainer({
      Image: 'registry:2',
      ExposedPorts: { '5000/tcp': {} },
      HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] } },
      ...(locked
        ? {
            Entrypoint: [
              'sh',
              '-c',
              `echo '${HTPASSWD}' > /htpasswd && exec registry serve /etc/docker/registry/config.yml`,
            ],
            Env: ['REGISTRY_AUTH_HTPASSWD_REALM=test', 'REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd'],
          }
        : {}),
    });
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const host = `localhost:${NetworkSettings.Ports['5000/tcp']?.[0]?.HostPort ?? ''}`;
    const dispose = async () => {
      await container.remove({ force: true, v: true });
      await removeImagesOf(docker, host);
    };
    try {
      await untilItAnswers(host, locked ? 401 : 200);
    } catch (error) {
      await dispose();
      throw error;
    }
    return new TestRegistry(host, dispose);
  }

  /** One that takes nothing: it answers every upload with this status. */
  static async full(docker: Docker, status: number): Promise<TestRegistry> {
    const answer: RequestListener = (request, response) => {
      request.resume();
      if (request.method === 'POST') response.writeHead(status, { 'content-type': 'application/json' }).end(FULL);
      else response.writeHead(request.url === '/v2/' ? 200 : 404).end();
    };
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `localhost:${(server.address() as AddressInfo).port}`;
    return new TestRegistry(host, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await removeImagesOf(docker, host);
    });
  }
}

export const PASSWORD = 'geheim';
/** Lets in who is ada and knows {@link PASSWORD}. */
export const HTPASSWD = 'ada:$2b$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu';
const FULL = JSON.stringify({ errors: [{ code: 'DENIED', message: 'the quota of 1 GiB is used up' }] });

/** The engine's own builder keeps what it pushes. */
export async function removeImagesOf(docker: Docker, host: string): Promise<void> {
  const images = await docker.listImages();
  const names = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name.startsWith(`${host}/`));
  for (const name of names) await docker.getImage(name).remove({ force: true });
}

async function untilItAnswers(host: string, wanted: number): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    // While the container starts, the engine's proxy may take a connection and never answer.
    const status = await fetch(`http://${host}/v2/`, { signal: AbortSignal.timeout(1000) }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === wanted) return;
    await sleep(100);
  }
  throw new Error(`the registry ${host} did not come up`);
}
