import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../base';
import { buildxVersion, findBuildx } from '../build';
import { NODE_FILE, TOOLS_FOLDER, VAPP_FOLDER, type BundledTool, type PackedFile, type ToolFile } from '../bundle';
import { isLeftover } from '../scaffold';
import type { Toolbox } from '../tools';

/** Programs for a bundle, with what is to be said of them in its manifest. */
export interface PackedTools {
  readonly files: readonly PackedFile[];
  readonly tools: readonly BundledTool[];
}

/**
 * The tools that are used here, buildx included.
 *
 * @throws Failure `tool-missing`.
 */
export async function packedTools(toolbox: Toolbox, signal?: AbortSignal): Promise<PackedTools> {
  const names = ['k3d', 'helm', 'kubectl', 'docker'] as const;
  const tools: BundledTool[] = await Promise.all(
    names.map(async (name) => ({ name, version: await toolbox.version(name) })),
  );
  const files = await Promise.all(names.map(async (name) => toolFile(name, await toolbox.path(name))));
  const buildx = await findBuildx(toolbox.env);
  if (buildx === undefined) {
    throw new Failure({
      code: 'tool-missing',
      fault: 'environment',
      summary: 'The buildx plugin of docker, which belongs into the bundle, was not found.',
      nextSteps: ['Install buildx: https://github.com/docker/buildx#installing.'],
    });
  }
  const said = (await buildxVersion(toolbox, signal)) ?? '';
  const version = /\bv?(\d+\.\d+\.\d+[\w.+-]*)/.exec(said)?.[1] ?? 'unknown';
  return {
    files: [...files, await toolFile('docker-buildx', buildx)],
    tools: [...tools, { name: 'docker-buildx', version }],
  };
}

async function toolFile(name: ToolFile, path: string): Promise<PackedFile> {
  return { name: `${TOOLS_FOLDER}/${name}`, path: await realpath(path), executable: true };
}

/** What `vapp` consists of, relative to its package. */
const VAPP = ['LICENSE', 'package.json', 'bin/vapp', 'dist', 'schemas', 'templates'];
/** Of `dist`, what `vapp` needs; the editor's part and the maps stay. */
const VAPP_BUNDLES = /^dist\/(base|cli|core)\.js(\.LEGAL\.txt)?$/;

/** The `vapp` that runs here. @param packageDirectory the folder with its package.json. */
export async function packedVapp(packageDirectory: string): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  for (const entry of VAPP) {
    const isFolder = (await stat(join(packageDirectory, entry))).isDirectory();
    const names = isFolder ? (await readdir(join(packageDirectory, entry), { recursive: true })).sort() : [''];
    for (const name of names) {
      const path = join(packageDirectory, entry, name);
      const packed = name === '' ? entry : `${entry}/${name.replaceAll('\\', '/')}`;
      if (entry === 'dist' ? !VAPP_BUNDLES.test(packed) : packed.split('/').some(isLeftover)) continue;
      if (!(await stat(path)).isFile()) continue;
      files.push({ name: `${VAPP_FOLDER}/${packed}`, path, executable: entry === 'bin/vapp' });
    }
  }
  return files;
}

/** The Node that runs this; none when that is an editor, which is no Node for others. */
export async function packedNode(): Promise<PackedFile | undefined> {
  if (process.versions['electron'] !== undefined) return undefined;
  return { name: NODE_FILE, path: await realpath(process.execPath), executable: true };
}
