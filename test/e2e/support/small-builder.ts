import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../../src/base';
import type { Docker, Toolbox } from '../../../src/tools';
import { ensureBuilderImage } from '../../stack/template-images';

const IMAGE = 'moby/buildkit:buildx-stable-1';
const MEBIBYTE = 1024 * 1024;

/** A builder in a container that has little memory and a small disk, for builds that need more. */
export class SmallBuilder {
  private constructor(
    /** Its name, for `--builder`. */
    readonly name: string,
    /** Where buildx knows it. */
    readonly env: Readonly<Record<string, string>>,
    readonly dispose: () => Promise<void>,
  ) {}

  static async create(tools: Toolbox, docker: Docker): Promise<SmallBuilder> {
    await ensureBuilderImage(new AbortController().signal);
    const folder = await mkdtemp(join(tmpdir(), 'vapp-builder-'));
    const container = await docker.createContainer({
      Image: IMAGE,
      HostConfig: {
        Privileged: true,
        Memory: 160 * MEBIBYTE,
        MemorySwap: 160 * MEBIBYTE,
        Tmpfs: { '/var/lib/buildkit': 'size=32m' },
      },
    });
    const name = `vapp-test-small-${container.id.slice(0, 12)}`;
    const env = { BUILDX_CONFIG: folder };
    const dispose = async () => {
      await container.remove({ force: true, v: true });
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await container.start();
      const endpoint = `docker-container://${container.id}`;
      await tools.run('docker', ['buildx', 'create', '--name', name, '--driver', 'remote', endpoint], { env });
      await untilItAnswers(tools, name, env);
      return new SmallBuilder(name, env, dispose);
    } catch (error) {
      await dispose();
      throw error;
    }
  }
}

async function untilItAnswers(tools: Toolbox, name: string, env: Readonly<Record<string, string>>): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    const inspect = ['buildx', 'inspect', '--bootstrap', name];
    if ((await tools.run('docker', inspect, { env, acceptExitCodes: [1] })).exitCode === 0) return;
    await sleep(100);
  }
  throw new Error(`the builder ${name} did not come up`);
}
