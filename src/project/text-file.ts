import { readFile, stat } from 'node:fs/promises';
import { messageOf, startOfFile } from '../base';
import type { Findings, ProblemDetails } from './findings';
import { leadsOut } from './paths';
import { SourceText } from './text-ranges';

/** Largest file read, in bytes. Every file of a repository that describes an app is far below it. */
export const MAX_FILE_SIZE = 1024 * 1024;

/** `missing`: there is no such file. `unusable`: there is one, and a problem says why it is of no use. */
export type ReadResult = SourceText | 'missing' | 'unusable';

export interface ReadTextOptions {
  /** Accept bytes that are not UTF-8, each replaced by U+FFFD: for files whose comments nobody evaluates. */
  readonly lenientEncoding?: boolean;
}

/**
 * Reads one file of the repository and notes it as a source. Never throws: what is wrong becomes a problem, also a
 * symbolic link to what is not the repository's.
 */
export async function readTextFile(
  file: string,
  findings: Findings,
  options: ReadTextOptions = {},
): Promise<ReadResult> {
  findings.watch(file);
  let bytes: Buffer;
  try {
    const stats = await stat(file);
    if (!stats.isFile()) {
      findings.error(startOfFile(file), { code: 'not-a-file', message: `${file} is not a file.` });
      return 'unusable';
    }
    if (stats.size > MAX_FILE_SIZE) {
      findings.error(startOfFile(file), {
        code: 'file-too-large',
        message: `${file} is larger than 1 MiB and is not read.`,
      });
      return 'unusable';
    }
    if (await leadsOut(findings.boundary, file)) {
      findings.error(startOfFile(file), linkProblem(file));
      return 'unusable';
    }
    bytes = await readFile(file);
  } catch (error) {
    if (isMissing(error)) return 'missing';
    findings.error(startOfFile(file), {
      code: 'file-unreadable',
      message: `${file} cannot be read: ${messageOf(error)}.`,
    });
    return 'unusable';
  }
  const source = new SourceText(file, new TextDecoder('utf-8').decode(bytes));
  if (options.lenientEncoding || isUtf8(bytes)) return source;
  const offset = source.text.indexOf('\uFFFD');
  findings.error(source.rangeAt(offset, offset + 1), {
    code: 'file-not-utf8',
    message: 'This file is not encoded in UTF-8.',
    hint: 'Save it with the encoding UTF-8.',
  });
  return 'unusable';
}

/** A text that is looked at only to tell more of a failure: undefined where there is none, or it is too large. */
export async function readSmallFile(file: string): Promise<string | undefined> {
  try {
    const stats = await stat(file);
    return stats.isFile() && stats.size <= MAX_FILE_SIZE ? await readFile(file, 'utf8') : undefined;
  } catch {
    // Without it less is told, and nothing else depends on it.
    return undefined;
  }
}

/** What is said of a file or folder that is a symbolic link out of the repository, or is behind one. */
export function linkProblem(shown: string): ProblemDetails {
  return {
    code: 'link-outside-repository',
    message: `${shown} leads out of the repository by a symbolic link.`,
    hint: 'Put a copy in its place: only what is in the repository is used.',
  };
}

/** Whether a path leads to a regular file. A path nobody may look at counts as none. */
export async function isFile(path: string): Promise<boolean> {
  return (await kindOf(path)) === 'file';
}

/** What a path leads to, symbolic links followed; undefined where nothing is or nobody may look. */
export async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | undefined> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return 'file';
    return stats.isDirectory() ? 'folder' : 'other';
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
