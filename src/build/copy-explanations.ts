import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { startOfFile, type RelatedPlace, type SourceRange } from '../base';
import { closest, matchesPath, readSmallFile } from '../project';
import type { BrokenBuild, Details } from './explanation';
import type { BuildRequest } from './types';

/** A file that is to be copied, and is not there. */
export async function missingSource(broken: BrokenBuild, range?: SourceRange): Promise<Details | undefined> {
  const { message, failed, request } = broken;
  const source =
    /failed to calculate checksum of ref .*"(\/[^"]*)": not found/.exec(message)?.[1] ??
    // When nothing of the cache is asked for, the copying itself fails, in a folder of the builder.
    /lstat \S*\/buildkit-mount\d+(\/.*): no such file or directory/.exec(message)?.[1] ??
    /(?:COPY|ADD) failed: .*stat (\S+): (?:file does not exist|no such file)/.exec(message)?.[1];
  if (source === undefined) return undefined;
  const path = sourceAsWritten(source.replace(/^\//, ''), failed?.name ?? '');
  const stage = /--from=(\S+)/.exec(failed?.name ?? '')?.[1];
  const details =
    stage !== undefined
      ? missingInStage(`/${path}`, stage)
      : existsSync(join(request.context, path))
        ? await ignored(path, request)
        : await missingInContext(path, request);
  return { code: 'copy-source-missing', fault: 'app', range: range ?? startOfFile(request.dockerfile), ...details };
}

/** Of a path whose folder is not there either, the builder may name the folder. */
function sourceAsWritten(path: string, step: string): string {
  const [, words = ''] = /\] (?:COPY|ADD) (.*)$/.exec(step) ?? [];
  const sources = words
    .split(' ')
    .filter((word) => !word.startsWith('--'))
    .slice(0, -1);
  const written = sources.map((word) => posix.resolve('/', word).slice(1));
  return written.find((word) => word === path || word.startsWith(`${path}/`)) ?? path;
}

type Told = Pick<Details, 'summary' | 'nextSteps' | 'related'>;

function missingInStage(source: string, stage: string): Told {
  return {
    summary: `${source} does not exist in ${stage}, from where it is to be copied.`,
    nextSteps: ['Name its whole path there: WORKDIR of that stage does not count for COPY --from.'],
  };
}

async function ignored(path: string, request: BuildRequest): Promise<Told> {
  const line = await ignoringLine(path, request);
  return {
    summary: `${path} is in the build context, but excluded by .dockerignore.`,
    nextSteps: [`Except it in .dockerignore: a line \`!${path}\` at the end.`],
    related: line ? [line] : [],
  };
}

async function missingInContext(path: string, { context }: BuildRequest): Promise<Told> {
  const near = await similarPaths(context, path);
  return {
    summary: `${path} does not exist in the build context ${context}.`,
    nextSteps: [
      ...(near.length > 0 ? [`Did you mean ${near.join(', or ')}?`] : []),
      ...(near.length === 0 ? ['Paths of COPY count from the build context, not from the Dockerfile.'] : []),
    ],
  };
}

/** The last line of the ignore file that counts for a path. */
async function ignoringLine(path: string, { dockerfile, context }: BuildRequest): Promise<RelatedPlace | undefined> {
  for (const file of [`${dockerfile}.dockerignore`, join(context, '.dockerignore')]) {
    const text = await readSmallFile(file);
    if (text === undefined) continue;
    const lines = text.slice(0, MAX_IGNORE_FILE).split(/\r?\n/);
    const index = lines.findLastIndex((line) => excludes(line.trim(), path));
    const line = lines[index];
    if (line === undefined) return undefined;
    const range = { file, start: { line: index + 1, column: 1 }, end: { line: index + 1, column: line.length + 1 } };
    return { range, message: `excludes ${path} from the build`, evidence: [] };
  }
  return undefined;
}

const MAX_IGNORE_FILE = 64 * 1024;
const MAX_PATTERN = 256;

/** Whether a pattern is of the path or of a folder that it is in. */
function excludes(line: string, path: string): boolean {
  if (line === '' || line.startsWith('#') || line.startsWith('!') || line.length > MAX_PATTERN) return false;
  const pattern = posix.resolve('/', line).slice(1);
  const names = path.split('/').slice(0, MAX_DEPTH);
  return names.some((_, depth) => matchesPath(pattern, names.slice(0, depth + 1).join('/')));
}

/** So many folders deep, and so many files, are looked at. */
const MAX_DEPTH = 12;
const MAX_FILES = 10_000;
const MAX_SIMILAR = 3;

/** Files of the context that may be meant: of the same name elsewhere, or of a similar one in the same folder. */
async function similarPaths(context: string, path: string): Promise<string[]> {
  const name = posix.basename(path);
  const folder = posix.dirname(path);
  const namesakes: string[] = [];
  const folders = [''];
  for (let looked = 0, next = folders.shift(); next !== undefined && looked < MAX_FILES; next = folders.shift()) {
    const entries = await readdir(join(context, next), { withFileTypes: true }).catch(() => []);
    looked += entries.length;
    for (const entry of entries) {
      const found = posix.join(next, entry.name);
      if (entry.name === name) namesakes.push(found);
      if (entry.isDirectory() && !LEFT_OUT.has(entry.name) && found.split('/').length < MAX_DEPTH) folders.push(found);
    }
  }
  const siblings = await readdir(join(context, folder)).catch(() => []);
  const near = closest(name, siblings.slice(0, MAX_FILES));
  return [...(near === undefined ? [] : [posix.join(folder, near)]), ...namesakes].slice(0, MAX_SIMILAR);
}

const LEFT_OUT = new Set(['.git', 'node_modules']);
