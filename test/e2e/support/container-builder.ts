import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Docker, Toolbox } from '../../../src/tools';
import { STAND_IN_LABEL } from '../../stack/images/catalog';
import { ensureBuilderImage } from '../../stack/template-images';
import { TestRegistry } from './registry';

/**
 * A builder in a container, as `docker/setup-buildx-action` makes one and as engines without containerd's image store
 * need one for several platforms. It sees nothing of the engine's store.
 */
export class ContainerBuilder {
  private constructor(
    /** With these, every tool that builds uses it. */
    readonly env: Readonly<Record<string, string>>,
    /** Its registry, which also serves the base images that no other one serves here. */
    readonly registry: TestRegistry,
    readonly dispose: () => Promise<void>,
  ) {}

  /** @param bases images of Docker Hub that are built upon. */
  static async create(tools: Toolbox, docker: Docker, bases: readonly string[]): Promise<ContainerBuilder> {
    await ensureBuilderImage(new AbortController().signal);
    const folder = await mkdtemp(join(tmpdir(), 'vapp-builder-'));
    const registry = await TestRegistry.start(docker);
    const name = `vapp-test-${registry.host.replace(/\D/g, '')}`;
    const env = { BUILDX_CONFIG: folder, BUILDX_BUILDER: name };
    const dispose = async () => {
      // It fails when there is none yet.
      await tools.run('docker', ['buildx', 'rm', '--force', name], { env, acceptExitCodes: [1] });
      await registry.dispose();
      await rm(folder, { recursive: true, force: true });
    };
    try {
      for (const base of bases) await mirrorStandIn(docker, tools, base, registry.host);
      const config = join(folder, 'buildkitd.toml');
      await writeFile(config, `[registry."docker.io"]\n  mirrors = ["${registry.host}"]\n`);
      const options = ['--driver', 'docker-container', '--driver-opt', 'network=host', '--config', config];
      await tools.run('docker', ['buildx', 'create', '--name', name, ...options, '--bootstrap'], { env });
      return new ContainerBuilder(env, registry, dispose);
    } catch (error) {
      await dispose();
      throw error;
    }
  }
}

/** An official image is left to Docker Hub, since the engine has it for one platform only. */
export async function mirrorStandIn(docker: Docker, tools: Toolbox, image: string, host: string): Promise<void> {
  const { Config } = await docker.getImage(image).inspect();
  const labels = Config.Labels as Record<string, string> | null;
  if (labels?.[STAND_IN_LABEL] === undefined) return;
  const target = `${host}/${image.includes('/') ? image : `library/${image}`}`;
  await tools.run('docker', ['tag', image, target]);
  await tools.run('docker', ['push', '--quiet', target]);
  await tools.run('docker', ['rmi', target]);
}
