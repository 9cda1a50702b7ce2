import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { GeneratedFile } from './adoption';

/** A template as its `devcontainer-template.json` describes it. */
export interface Template {
  /** Name of its folder, e.g. `python`. */
  readonly id: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
}

/** Where the templates are: `src/<id>` holds a language, `common` what all of them share. */
export interface TemplateSource {
  readonly directory: string;
}

const DESCRIPTION = 'devcontainer-template.json';
const EXECUTABLE = 0o111;
const LEFTOVERS = new Set(['.pytest_cache', '.ruff_cache', '.venv', '__pycache__', 'node_modules']);

/** All templates, by their ids in order: the folders that are described as one. */
export async function listTemplates({ directory }: TemplateSource): Promise<Template[]> {
  const folders = (await readdir(join(directory, 'src'))).sort();
  const templates = folders.map(async (folder) => {
    const text = await readFile(join(directory, 'src', folder, DESCRIPTION), 'utf8').catch(() => undefined);
    if (text === undefined) return [];
    const { id, version, name, description } = JSON.parse(text) as Template;
    return [{ id, version, name, description }];
  });
  return (await Promise.all(templates)).flat();
}

/**
 * The files of a template with its options filled in: what all templates share, and over it what is its own.
 *
 * @param options the value of each option by its name; see {@link fillIn}.
 */
export async function templateFiles(
  source: TemplateSource,
  id: string,
  options: Readonly<Record<string, string>>,
): Promise<GeneratedFile[]> {
  const files = (await assembleTemplate(source, id)).filter(({ path }) => path !== DESCRIPTION);
  return files.map((file) => ({ ...file, content: fillIn(file.content, options) }));
}

/**
 * A template as it is published: {@link https://containers.dev/implementors/templates-distribution/} wants all of it in
 * one folder, its description included. Options are still to be filled in.
 */
export async function assembleTemplate({ directory }: TemplateSource, id: string): Promise<GeneratedFile[]> {
  const common = await readFolder(join(directory, 'common'));
  const own = await readFolder(join(directory, 'src', id));
  const byPath = new Map([...common, ...own].map((file) => [file.path, file]));
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The files that all templates share, with their options filled in. */
export async function commonFiles(
  { directory }: TemplateSource,
  options: Readonly<Record<string, string>>,
): Promise<GeneratedFile[]> {
  const files = await readFolder(join(directory, 'common'));
  return files.map((file) => ({ ...file, content: fillIn(file.content, options) }));
}

/**
 * Replaces `${templateOption:NAME}`, as tools for dev container templates do. An option that is not given becomes empty.
 *
 * Source: https://containers.dev/implementors/templates/, "Option resolution".
 */
export function fillIn(text: string, options: Readonly<Record<string, string>>): string {
  const given = new Map(Object.entries(options));
  return text.replace(/\$\{templateOption:\s*(\w+?)\s*\}/g, (_match, name: string) => given.get(name) ?? '');
}

/** Whether a file or folder of this name is what tools leave where somebody has worked, and no part of a template. */
export function isLeftover(name: string): boolean {
  return LEFTOVERS.has(name);
}

/** All files below a folder, by their paths below it. Every file of a template is text. */
export async function readFolder(folder: string): Promise<GeneratedFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const paths = files.map((file) => relative(folder, file).split(sep));
  return Promise.all(paths.filter((parts) => !parts.some(isLeftover)).map((parts) => readOne(folder, parts)));
}

/** A script is one by its first line, too: not every way to pack a template keeps the modes of its files. */
async function readOne(folder: string, parts: readonly string[]): Promise<GeneratedFile> {
  const file = join(folder, ...parts);
  const content = await readFile(file, 'utf8');
  const executable = content.startsWith('#!') || ((await stat(file)).mode & EXECUTABLE) !== 0;
  return { path: parts.join('/'), content, ...(executable ? { executable } : {}) };
}
