import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceRange } from '../base';
import { leadsOut } from '../project';

/** More than this are not looked at. */
const MAX_FILES = 20_000;
/** What tools generate or install is nobody's source. */
const LEFT_OUT = new Set(['.git', 'node_modules', '__pycache__', '.venv', 'venv', 'build', 'dist', 'out']);

/** The files of a repository, relative, with slashes. Links are not followed, since they may lead anywhere. */
export async function filesBelow(root: string): Promise<string[]> {
  const files: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined && files.length < MAX_FILES; folder = folders.pop()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) folders.push(path);
    }
  }
  return files;
}

/** Longest file that is read to find a place in it, bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

/**
 * The range of a place in a file of the repository: from the column to the end of the word, as the editor finds it, where
 * columns mean the same to every tool; else the whole line.
 *
 * @param root of the repository, absolute.
 * @param file absolute.
 * @returns undefined when there is no such file or line, or a link leads out of the repository.
 */
export async function rangeInSource(
  root: string,
  file: string,
  { line, column }: { readonly line: number; readonly column?: number },
): Promise<SourceRange | undefined> {
  const text = await readInside(root, file);
  const content = text?.split(/\r?\n/)[line - 1];
  if (content === undefined) return undefined;
  if (column !== undefined && isPlain(content.slice(0, column)) && column <= content.length) {
    const start = { line, column };
    return { file, start, end: start };
  }
  const indent = content.length - content.trimStart().length;
  return { file, start: { line, column: indent + 1 }, end: { line, column: content.trimEnd().length + 1 } };
}

/** Whether bytes, characters and columns of a terminal are counted alike. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

async function readInside(root: string, file: string): Promise<string | undefined> {
  try {
    if (await leadsOut(await realpath(root), file)) return undefined;
    const facts = await stat(file);
    return facts.isFile() && facts.size <= MAX_SIZE ? await readFile(file, 'utf8') : undefined;
  } catch {
    // It is not there, or nobody may read it: another candidate may be.
    return undefined;
  }
}
