import { readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { Failure, startOfFile } from '../base';
import {
  applicationId,
  findRepository,
  isRepositoryRoot,
  MAX_FILE_SIZE,
  problemsFailure,
  readRepository,
} from '../project';
import {
  commonFiles,
  planAdoption,
  readFolder,
  readRecord,
  refuseLinksOut,
  withFeature,
  writeFiles,
  type AdoptionPlan,
  type Change,
  type GeneratedFile,
} from '../scaffold';
import { Git } from '../tools';
import { outcomeOf } from './steps';
import type { Outcome } from './types';

export interface AdoptRequest {
  /** A folder of the repository. */
  readonly directory: string;
  /** Folder with `common` and `charts`. */
  readonly templatesDirectory: string;
  readonly env: NodeJS.ProcessEnv;
  /** False: only tell what would be done. */
  readonly write: boolean;
}

/** What becomes of a file. Paths are below the root, with slashes. */
export interface AdoptedFile {
  readonly path: string;
  readonly change: Change;
  /** Where something is written: of a conflict, beside the user's file. Absent when nothing is. */
  readonly writtenTo?: string;
}

/** What adopting does, or would do. */
export interface Adoption {
  /** Absolute. */
  readonly root: string;
  readonly files: readonly AdoptedFile[];
  /** Unified diff of all that is written; empty when nothing is. */
  readonly diff: string;
  readonly written: boolean;
}

/** Remembers what was generated, so that the next time knows what the user has changed since. */
const RECORD = '.vapp-template.json';
const DEVCONTAINER = '.devcontainer/devcontainer.json';
const DOCKERFILES = ['app/Dockerfile', 'Dockerfile'];
const PLATFORMS = '[linux/amd64, linux/arm64]';

/**
 * Adds the devcontainer Feature, the chart and the workflows to a repository that exists: of Velocitas, or any with a
 * Dockerfile. Run again after an upgrade, it brings what is new to what the user has made of it ({@link planAdoption}).
 * Without `write` it touches nothing.
 *
 * Fails with `nothing-to-adopt`, `repository-invalid`, `adoption-record-invalid`, `link-outside-repository`,
 * `file-too-large`, or what is wrong with git.
 */
export function adoptRepository(request: AdoptRequest, signal?: AbortSignal): Promise<Outcome<Adoption>> {
  return outcomeOf(async () => {
    const root = (await findRepository(request.directory)) ?? resolve(request.directory);
    const git = new Git(root, request.env, signal);
    const record = await recordOf(root);
    const generated = await generate(root, request.templatesDirectory, record);
    const plan = await planAdoption(generated, {
      current: (path) => readIfThere(root, path),
      record,
      generatedBefore: (id) => git.blob(id),
      merge: (user, before, ours) => git.merge(user, before, ours),
    });
    const writes = await whatIsWritten(root, plan);
    const adoption: Adoption = {
      root,
      files: plan.files.map(({ path, change, write }) => ({
        path,
        change,
        ...(write ? { writtenTo: write.path } : {}),
      })),
      diff: await diffOf(root, git, writes),
      written: request.write && writes.length > 0,
    };
    if (adoption.written) {
      // First what the next update starts from: were it missing, a merge would become a conflict.
      for (const { content } of generated) await git.keep(content);
      await writeFiles(root, writes, signal);
    }
    return adoption;
  }, signal);
}

/** An app as far as adopting needs it. */
interface AdoptingApp {
  readonly id: string;
  readonly name: string;
  /** What says in `vapp.yaml` which app it is. */
  readonly identity: string;
  readonly hasChart: boolean;
}

/** Everything that we would write into this repository if nobody had touched it. */
async function generate(
  root: string,
  templatesDirectory: string,
  record: Readonly<Record<string, string>>,
): Promise<GeneratedFile[]> {
  const apps = await adoptingApps(root);
  const files = await commonFiles({ directory: templatesDirectory }, { appName: apps[0]?.name ?? '' });
  const charts = apps.filter(({ id, hasChart }) => !hasChart || `${chartOf(id)}/Chart.yaml` in record);
  return [
    ...(await Promise.all(files.map(async (file) => (file.path in record ? file : withUsersDevcontainer(root, file))))),
    settings(apps),
    ...(await Promise.all(charts.map(({ id }) => builtInChart(templatesDirectory, chartOf(id))))).flat(),
  ];
}

/** The Vehicle Apps of the repository; one that has only a Dockerfile so far is an app called like its folder. */
async function adoptingApps(root: string): Promise<readonly AdoptingApp[]> {
  if (await isRepositoryRoot(root)) {
    const { apps, problems } = await readRepository(root);
    if (problems.some(({ severity }) => severity === 'error')) throw problemsFailure(problems);
    return apps.map(({ id, name, manifest, dockerfile, chart }) => ({
      id,
      name: name.value,
      identity: manifest
        ? `manifest: ${yamlText(relative(root, manifest.file))}`
        : plainIdentity(name.value, relative(root, dockerfile.value)),
      hasChart: chart.source !== 'builtin',
    }));
  }
  for (const dockerfile of DOCKERFILES) {
    if ((await readIfThere(root, dockerfile)) === undefined) continue;
    const name = basename(root);
    return [{ id: applicationId(name), name, identity: plainIdentity(name, dockerfile), hasChart: false }];
  }
  throw new Failure({
    code: 'nothing-to-adopt',
    fault: 'usage',
    summary: `There is neither a Vehicle App nor a Dockerfile in ${root}.`,
    nextSteps: [
      'Go to the root of a repository with app/Dockerfile or Dockerfile.',
      'For a new app there is `vapp new`.',
    ],
  });
}

const plainIdentity = (name: string, dockerfile: string) =>
  `name: ${JSON.stringify(name)}\n    dockerfile: ${yamlText(dockerfile)}`;

/** A path as it stands in YAML: plain, or in quotation marks where it could be taken for something else. */
const yamlText = (path: string) => (/^\w[\w./-]*$/.test(path) ? path : JSON.stringify(path));

/** A devcontainer that the repository has gets the Feature; only one without gets that of the templates. */
async function withUsersDevcontainer(root: string, file: GeneratedFile): Promise<GeneratedFile> {
  if (file.path !== DEVCONTAINER) return file;
  const current = await readIfThere(root, file.path);
  const content = current === undefined ? undefined : withFeature(current);
  return content === undefined ? file : { path: file.path, content, extended: true };
}

/** One line for another platform: that is why even a repository that needs no settings gets them. */
function settings(apps: readonly AdoptingApp[]): GeneratedFile {
  const entries = apps.map(({ identity }) => `  - ${identity}\n    platforms: ${PLATFORMS}\n`);
  return { path: 'vapp.yaml', content: `apps:\n${entries.join('')}` };
}

const chartOf = (id: string) => `deploy/${id}/helm`;

async function builtInChart(templatesDirectory: string, folder: string): Promise<GeneratedFile[]> {
  const files = await readFolder(join(templatesDirectory, 'charts', 'vehicle-app'));
  return files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
}

/** The plan's files, and the record where it changes. */
async function whatIsWritten(root: string, { files, record }: AdoptionPlan): Promise<GeneratedFile[]> {
  const writes = files.flatMap(({ write }) => write ?? []);
  const remembered = { path: RECORD, content: `${JSON.stringify({ generated: record }, null, 2)}\n` };
  const isRemembered = (await readIfThere(root, RECORD)) === remembered.content;
  return isRemembered ? writes : [...writes, remembered];
}

async function diffOf(root: string, git: Git, writes: readonly GeneratedFile[]): Promise<string> {
  const shown = writes.filter(({ path }) => path !== RECORD);
  const before = await Promise.all(shown.map(async ({ path }) => [path, await readIfThere(root, path)] as const));
  const isThere = (entry: readonly [string, string | undefined]): entry is readonly [string, string] =>
    entry[1] !== undefined;
  return git.diff(
    Object.fromEntries(before.filter(isThere)),
    Object.fromEntries(shown.map(({ path, content }) => [path, content])),
  );
}

async function recordOf(root: string): Promise<Readonly<Record<string, string>>> {
  const text = await readIfThere(root, RECORD);
  const record = text === undefined ? {} : readRecord(text);
  if (record) return record;
  throw new Failure({
    code: 'adoption-record-invalid',
    fault: 'usage',
    summary: `${relative(root, join(root, RECORD))} is not as vapp wrote it.`,
    nextSteps: ['Restore it from the repository’s history, or delete it: all files then count as yours and are kept.'],
  });
}

/** @throws Failure `link-outside-repository`, `file-too-large`. */
async function readIfThere(root: string, path: string): Promise<string | undefined> {
  await refuseLinksOut(root, [path]);
  const file = join(root, path);
  try {
    if ((await stat(file)).size > MAX_FILE_SIZE) throw tooLarge(file);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function tooLarge(file: string): Failure {
  return new Failure({
    code: 'file-too-large',
    fault: 'usage',
    summary: `${file} is larger than 1 MiB and is not read.`,
    range: startOfFile(file),
    nextSteps: ['Move it out of the way: no file that vapp writes is of that size.'],
  });
}
