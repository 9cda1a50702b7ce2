import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure, messageOf, throwIfCancelled } from '../base';
import { readApps } from './apps';
import { Findings } from './findings';
import { isRepositoryRoot, ROOT_MARKERS } from './find';
import { checkCaches } from './remote-settings';
import { readServices } from './runtime-json';
import type { Repository, RuntimeSettings } from './types';
import { NO_SETTINGS, readVappFile, type VappSettings } from './vapp-yaml';
import { readVelocitasConfig, variableOf } from './velocitas';

export interface ReadRepositoryOptions {
  readonly signal?: AbortSignal;
}

/**
 * Reads what the files of a repository say. Whatever is wrong in them stands in `problems`, and the rest is read on.
 *
 * @param root as {@link findRepository} returns it; symbolic links are kept in the paths of the result.
 * @throws Failure `repository-not-found` when the root is no folder or holds no Vehicle App; `file-unreadable` when it
 * may not be entered.
 * @throws Cancelled
 */
export async function readRepository(root: string, options: ReadRepositoryOptions = {}): Promise<Repository> {
  const absolute = resolve(root);
  const realRoot = await enter(absolute);
  const findings = new Findings(realRoot);
  throwIfCancelled(options.signal);
  const vapp = await readVappFile(absolute, findings);
  const velocitas = await readVelocitasConfig(absolute, findings);
  throwIfCancelled(options.signal);
  const apps = await readApps({ root: absolute, velocitas, vapp }, findings);
  throwIfCancelled(options.signal);
  const settings = vapp === 'missing' || vapp === 'unusable' ? NO_SETTINGS : vapp;
  checkCaches(settings.build, apps.length, findings);
  const services = await readServices(
    { root: absolute, setting: settings.services, published: settings.ports },
    findings,
  );
  const config = typeof velocitas === 'string' ? undefined : velocitas;
  const language = config && variableOf(config, 'language');
  return {
    root: absolute,
    realRoot,
    ...(language ? { language: language.value } : {}),
    ...(config ? { velocitas: config } : {}),
    apps,
    runtime: runtimeSettings(settings),
    remote: settings.remote,
    services,
    problems: findings.problems,
    sources: findings.sources,
  };
}

function runtimeSettings(settings: VappSettings): RuntimeSettings {
  return {
    ...(settings.k3sImage ? { k3sImage: settings.k3sImage } : {}),
    agents: settings.agents ?? 0,
    ports: settings.ports.map(({ host, node }) => ({ host, node })),
  };
}

/** Checks that the root can be read, and resolves its symbolic links. */
async function enter(root: string): Promise<string> {
  let realRoot: string;
  try {
    if (!(await stat(root)).isDirectory()) throw notFound(root, `${root} is not a folder.`);
    realRoot = await realpath(root);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw notFound(root, `There is no folder ${root}.`);
    throw new Failure({
      code: 'file-unreadable',
      fault: 'environment',
      summary: `${root} cannot be read: ${messageOf(error)}.`,
      cause: error,
    });
  }
  if (!(await isRepositoryRoot(root))) {
    throw notFound(root, `${root} holds no Vehicle App: there is none of ${ROOT_MARKERS.join(', ')} in it.`);
  }
  return realRoot;
}

function notFound(root: string, summary: string): Failure {
  return new Failure({
    code: 'repository-not-found',
    fault: 'usage',
    summary,
    nextSteps: [`Name the root of a Vehicle App repository instead of ${root}.`],
  });
}
