import { chmod, mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Failure, throwIfCancelled } from '../base';
import type { GeneratedFile } from './adoption';
import { listTemplates, templateFiles, type TemplateSource } from './template';

export interface NewAppRequest {
  /** Id of a template, e.g. `python`. */
  readonly template: string;
  /** Becomes the name in the manifest, and the first part of the app's topics. */
  readonly name: string;
  /** The repository's folder: absent, or empty but for `.git`. */
  readonly folder: string;
}

const GIT = '.git';
/** Begins the name of the folder in which the files are until all are there. */
const STAGE = '.vapp-new-';
const EXECUTABLE = 0o755;
/** Stands in source code, in topics of MQTT, and in names of images: what all of them can take. */
const APP_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** Says what is wrong with the name of a new app; undefined when nothing is. */
export function complaintAboutName(name: string): string | undefined {
  return APP_NAME.test(name)
    ? undefined
    : 'A name begins with a letter, and goes on with letters, digits, dashes and underscores: at most 63 in all.';
}

/**
 * Writes a new repository from a template. It is written apart and moved to its place as a whole, so that a failure
 * or a cancel leaves nothing half done.
 *
 * @returns the folder, absolute.
 * @throws Failure `app-name-invalid`, `template-unknown`, `folder-not-empty`, `folder-not-writable`.
 * @throws Cancelled when the signal fires.
 */
export async function createApp(source: TemplateSource, request: NewAppRequest, signal?: AbortSignal): Promise<string> {
  const { template, name } = request;
  const folder = resolve(request.folder);
  await check(source, template, name);
  const exists = await requireFree(folder);
  const files = await templateFiles(source, template, { appName: name });
  // Beside the folder, where one renaming brings all; inside one that is there: somebody may stand in it, and its parent
  // may be out of reach.
  const place = exists ? folder : dirname(folder);
  let firstMade: string | undefined;
  try {
    firstMade = await mkdir(place, { recursive: true });
    await writeStaged({ place, folder, files, exists, signal });
  } catch (error) {
    if (firstMade !== undefined) await removeEmpty(place, dirname(firstMade));
    throw notWritable(folder, error);
  }
  return folder;
}

interface Staging {
  /** Where the files are written first. */
  readonly place: string;
  readonly folder: string;
  readonly files: readonly GeneratedFile[];
  /** Whether the folder is there. */
  readonly exists: boolean;
  readonly signal: AbortSignal | undefined;
}

async function writeStaged({ place, folder, files, exists, signal }: Staging): Promise<void> {
  const stage = await mkdtemp(join(place, STAGE));
  try {
    // What mkdtemp makes is its owner's alone; a repository has the rights of any other folder.
    const made = join(stage, 'new');
    await mkdir(made);
    await writeFiles(made, files, signal);
    throwIfCancelled(signal);
    if (exists) await moveContents(made, folder);
    else await rename(made, folder);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Either all is moved, or nothing. */
async function moveContents(from: string, to: string): Promise<void> {
  await requireFree(to);
  const moved: string[] = [];
  try {
    for (const name of await readdir(from)) {
      await rename(join(from, name), join(to, name));
      moved.push(join(to, name));
    }
  } catch (error) {
    for (const path of moved) await rm(path, { recursive: true, force: true });
    throw error;
  }
}

/** Removes folders, from the innermost up to the one above, as long as they are empty. */
async function removeEmpty(innermost: string, above: string): Promise<void> {
  try {
    for (let folder = innermost; folder !== above; folder = dirname(folder)) await rmdir(folder);
  } catch {
    // Somebody else has put something there meanwhile, and it stays.
  }
}

/**
 * Where an app goes for which a folder was chosen: into that one if a new repository may be there, else into one of the
 * app's name in it.
 */
export async function placeFor(chosen: string, name: string): Promise<string> {
  const names = await namesIn(chosen);
  return names === undefined || occupants(names).length === 0 ? chosen : join(chosen, name);
}

/** Writes files below a folder, each with the right to be executed where it has that. */
export async function writeFiles(folder: string, files: readonly GeneratedFile[], signal?: AbortSignal): Promise<void> {
  for (const { path, content, executable } of files) {
    throwIfCancelled(signal);
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    if (executable) await chmod(file, EXECUTABLE);
  }
}

async function check(source: TemplateSource, template: string, name: string): Promise<void> {
  const complaint = complaintAboutName(name);
  if (complaint !== undefined) {
    throw new Failure({
      code: 'app-name-invalid',
      fault: 'usage',
      summary: `“${name}” cannot be the name of an app. ${complaint}`,
    });
  }
  const ids = (await listTemplates(source)).map(({ id }) => id);
  if (ids.includes(template)) return;
  throw new Failure({
    code: 'template-unknown',
    fault: 'usage',
    summary: `There is no template “${template}”.`,
    nextSteps: [`Take one of: ${ids.join(', ')}.`],
  });
}

/** Answers whether the folder is there. It may hold no more than the empty beginning of a repository. */
async function requireFree(folder: string): Promise<boolean> {
  const names = await namesIn(folder);
  const others = occupants(names ?? []);
  if (others.length > 0) throw notEmpty(folder, others.sort().slice(0, 5));
  return names !== undefined;
}

/** What keeps a new repository out. */
function occupants(names: readonly string[]): string[] {
  return names.filter((name) => name !== GIT && !name.startsWith(STAGE));
}

async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw notWritable(folder, error);
  }
}

function notEmpty(folder: string, evidence: readonly string[]): Failure {
  return new Failure({
    code: 'folder-not-empty',
    fault: 'usage',
    summary: `${folder} is not empty.`,
    evidence,
    nextSteps: ['Name a new or an empty folder.', 'For a repository that exists already there is `vapp adopt`.'],
  });
}

function notWritable(folder: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof Failure || code === undefined) return error;
  // Somebody else was quicker.
  if (code === 'ENOTEMPTY' || code === 'EEXIST') return notEmpty(folder, []);
  return new Failure({
    code: 'folder-not-writable',
    fault: 'environment',
    summary: `${folder} cannot be written.`,
    evidence: [message],
    nextSteps: ['Name another folder, or see to its rights and to the space on its disk.'],
    cause: error,
  });
}
