import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceRange } from '../base';
import type { Toolbox } from '../tools';
import { runBuildx } from './plugin';

/** A builder instance of buildx that somebody chose, and where buildx knows it. */
export interface Builder {
  readonly name: string;
  /** For every call that uses it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As it was chosen: the name, or the address. */
  readonly setting: string;
  /** Where it was chosen. */
  readonly range?: SourceRange;
}

export interface BuilderContext {
  readonly toolbox: Toolbox;
  /** Absolute folder of ours for the builders that we make; whoever removes it removes them. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The builder that a setting names. For the address of a remote BuildKit, `tcp://host:port`, an instance of our own is
 * made, in a folder of its own: buildx keeps instances as files, which have no labels, and the user's list of them is
 * nothing of ours. Nobody is connected to yet.
 *
 * @throws Cancelled; ToolFailure when there is no buildx.
 */
export async function chosenBuilder(
  chosen: { readonly value: string; readonly range?: SourceRange },
  context: BuilderContext,
): Promise<Builder> {
  const { value: setting, range } = chosen;
  const common = { setting, ...(range ? { range } : {}) };
  if (!setting.startsWith('tcp://')) {
    // It may be in a cluster of theirs.
    return { ...common, name: setting, env: { KUBECONFIG: context.toolbox.env['KUBECONFIG'] } };
  }
  const name = `vapp-${createHash('sha256').update(setting).digest('hex').slice(0, 8)}`;
  const folder = join(context.directory, name);
  if (!(await isThere(folder))) await makeInstance(name, setting, folder, context);
  return { ...common, name, env: { BUILDX_CONFIG: folder } };
}

/** The folder is there only once it is complete. */
async function makeInstance(name: string, address: string, folder: string, context: BuilderContext): Promise<void> {
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  try {
    await runBuildx(context.toolbox, ['create', '--name', name, '--driver', 'remote', address], {
      env: { BUILDX_CONFIG: unfinished },
      signal: context.signal,
    });
    await rename(unfinished, folder);
  } catch (error) {
    // Another build of the same run, or another vapp, may have been first.
    if (!(await isThere(folder))) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
