import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../src/tools';
import { unpackDebianPackages } from '../debian';
import { download } from '../download';
import { thisPlatform } from '../platform';
import type { Source } from '../sources';
import type { StackContext } from '../types';
import type { Tool, ToolSource } from './tool';

const DEBIAN_SUITE = 'trixie';
const BUILDX_RELEASE = '0.26.1';

/** Version of the static archive; Debian's packages are of the same series. */
const ENGINE_RELEASE = '26.1.4';

export const dockerCli: Tool = {
  name: 'docker CLI',
  version: '26.1',
  links: ['docker'],
  sources: (context) => [
    { ...staticArchive(context), program: 'docker/docker' },
    { ...debian(context, 'docker-cli', ['docker-cli']), program: 'usr/bin/docker' },
  ],
};

export const buildx: Tool = {
  name: 'buildx',
  version: '0.13 or later',
  links: [],
  sources: (context) => [
    buildxRelease(context),
    {
      ...debian(context, 'docker-buildx', ['docker-buildx']),
      program: 'usr/libexec/docker/cli-plugins/docker-buildx',
    },
  ],
};

/** A source of the engine, and the folders in it that belong on the engine's PATH. */
export interface EngineSource extends Source {
  readonly folders: readonly string[];
}

/** Where our own engine comes from. */
export function engineSources(context: StackContext): readonly EngineSource[] {
  return [
    { ...staticArchive(context), folders: ['docker'] },
    {
      ...debian(context, 'docker-engine', ['docker.io', 'containerd']),
      folders: ['usr/sbin', 'usr/bin', 'usr/libexec/docker'],
    },
  ];
}

/** docker, dockerd, containerd, runc and tini in one archive. Docker publishes no checksums for it; TLS is all there is. */
function staticArchive(context: StackContext): Source {
  const name = `docker-${ENGINE_RELEASE}.tgz`;
  const url = `https://download.docker.com/linux/static/stable/${thisPlatform().machine}/${name}`;
  return {
    label: 'download.docker.com (no checksum published)',
    host: 'download.docker.com',
    recipe: { name: 'docker-static', inputs: { url } },
    make: (folder, report) =>
      context.cache.withTemporaryFolder(async (work) => {
        await download({ url, file: join(work, name) }, report, context.signal);
        await runCommand(
          { program: 'tar', args: ['-xzf', join(work, name), '-C', folder] },
          { signal: context.signal },
        );
      }),
  };
}

function buildxRelease(context: StackContext): ToolSource {
  const base = `https://github.com/docker/buildx/releases/download/v${BUILDX_RELEASE}`;
  const name = `buildx-v${BUILDX_RELEASE}.linux-${thisPlatform().go}`;
  return {
    label: 'github.com release',
    host: 'github.com',
    recipe: { name: 'docker-buildx', inputs: { url: `${base}/${name}` } },
    program: name,
    async make(folder, report) {
      const file = join(folder, name);
      await download({ url: `${base}/${name}`, file, checksumUrl: `${base}/checksums.txt` }, report, context.signal);
      await chmod(file, 0o755);
    },
  };
}

/** Packages as one source. */
export function debian(context: StackContext, name: string, names: readonly string[], suite = DEBIAN_SUITE): Source {
  return {
    label: `Debian ${suite === 'own' ? '' : `${suite} `}packages`,
    recipe: { name, inputs: { suite, names, platform: thisPlatform().go } },
    make: (folder, report) => unpackDebianPackages(context, { suite, names }, folder, report),
  };
}
