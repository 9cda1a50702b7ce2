import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { download } from '../download';
import { thisPlatform } from '../platform';
import type { StackContext } from '../types';
import { goProgramSource } from './go-program';
import type { Tool, ToolSource } from './tool';

const VERSION = '5.8.3';
const MODULE = 'github.com/k3d-io/k3d/v5';

export const k3d: Tool = {
  name: 'k3d',
  version: VERSION,
  links: ['k3d'],
  sources: (context) => [
    release(context),
    goProgramSource(context, {
      name: 'k3d',
      module: MODULE,
      version: VERSION,
      package: MODULE,
      ldflags: `-s -w -X ${MODULE}/version.Version=v${VERSION}`,
    }),
  ],
};

function release(context: StackContext): ToolSource {
  const name = `k3d-linux-${thisPlatform().go}`;
  const base = `https://github.com/k3d-io/k3d/releases/download/v${VERSION}`;
  return {
    label: 'github.com release',
    host: 'github.com',
    recipe: { name: 'k3d', inputs: { release: `${base}/${name}` } },
    program: name,
    async make(folder, report) {
      const file = join(folder, name);
      await download({ url: `${base}/${name}`, file, checksumUrl: `${base}/checksums.txt` }, report, context.signal);
      await chmod(file, 0o755);
    },
  };
}
