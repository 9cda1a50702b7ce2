import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../../src/base';
import type { Docker, Toolbox } from '../../../src/tools';
import { ensureBuilderImage } from '../../stack/template-images';
import { freePort } from './images';

const IMAGE = 'moby/buildkit:buildx-stable-1';

/** A BuildKit with a cache of its own, reached by TCP as one on another machine is. */
export class RemoteBuilder {
  private constructor(
    /** `tcp://127.0.0.1:…` */
    readonly address: string,
    readonly dispose: () => Promise<void>,
  ) {}

  /** @param mirror registry that serves what Docker Hub serves elsewhere. */
  static async start(tools: Toolbox, docker: Docker, mirror: string): Promise<RemoteBuilder> {
    await ensureBuilderImage(new AbortController().signal);
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const container = await docker.createContainer({
      Image: IMAGE,
      Cmd: ['--addr', address],
      HostConfig: { Privileged: true, NetworkMode: 'host' },
    });
    const dispose = () => container.remove({ force: true, v: true });
    try {
      await configure(tools, container.id, mirror);
      await container.start();
      await untilItAnswers(tools, container.id, address);
      return new RemoteBuilder(address, dispose);
    } catch (error) {
      await dispose();
      throw error;
    }
  }
}

async function configure(tools: Toolbox, container: string, mirror: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vapp-builder-'));
  try {
    await mkdir(join(folder, 'buildkit'));
    const config = `[registry."docker.io"]\n  mirrors = ["${mirror}"]\n`;
    await writeFile(join(folder, 'buildkit', 'buildkitd.toml'), config);
    await tools.run('docker', ['cp', `${folder}/.`, `${container}:/etc/`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function untilItAnswers(tools: Toolbox, container: string, address: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const asked = ['exec', container, 'buildctl', '--addr', address, 'debug', 'workers'];
    if ((await tools.run('docker', asked, { acceptExitCodes: [1] })).exitCode === 0) return;
    await sleep(100);
  }
  throw new Error(`the builder ${address} did not come up`);
}
