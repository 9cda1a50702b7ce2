import { headlineErrors, oneLineErrors } from './error-lines';
import { placesIn, stackErrors } from './error-stacks';
import type { SourceError } from './source-error';

/** So many errors are read of one output. */
const MAX_ERRORS = 100;
/** So much of a line is read, UTF-16 code units. */
const MAX_LINE = 1_000;
const MAX_MESSAGE = 200;

/**
 * The errors that the output of a build step names a place for, in the order of appearance: first what a tool calls an
 * error or a stack trace shows, then lines that speak of some failure and name a place.
 *
 * Takes time in proportion to the length of the output.
 */
export function findErrors(output: readonly string[]): SourceError[] {
  const lines = output.map(plain);
  const certain = [...oneLineErrors(lines), ...headlineErrors(lines), ...stackErrors(lines)];
  const folders = foldersOf(lines);
  const told = new Set(certain.map(({ at }) => at));
  const loose = looseErrors(lines).filter(({ at }) => !told.has(at));
  return [...certain.sort((a, b) => a.at - b.at), ...loose].slice(0, MAX_ERRORS).map((error) => {
    const folder = folders[error.at];
    return { ...error, message: worded(error.message), ...(folder === undefined ? {} : { folder }) };
  });
}

/** Without colours and other commands to a terminal. */
function plain(line: string): string {
  // eslint-disable-next-line no-control-regex
  return line.slice(0, MAX_LINE).replace(/\u001b\[[\d;]*[A-Za-z]/g, '');
}

function worded(message: string): string {
  const text = message.trim().replace(/[.:;]+$/, '');
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text;
}

function looseErrors(lines: readonly string[]): SourceError[] {
  return lines.flatMap((line, at) => {
    if (!FAILURE.test(line) || HARMLESS.test(line)) return [];
    const places = placesIn(line);
    return places.length === 0 ? [] : [{ message: line, places, at, certain: false }];
  });
}

const FAILURE =
  /error|fail|fatal|exception|panic|invalid|undefined|undeclared|unexpected|unknown|unresolved|cannot|can't|missing|not found/i;
const HARMLESS = /\b(?:warning|note|info|debug)\b/i;

/** For each line the folder that make says it works in. */
function foldersOf(lines: readonly string[]): (string | undefined)[] {
  const stack: string[] = [];
  return lines.map((line) => {
    const [, verb, folder] = /^\S+: (Entering|Leaving) directory [`'‘]([^'’]+)['’]$/.exec(line) ?? [];
    if (verb === 'Entering' && folder !== undefined) stack.push(folder);
    else if (verb === 'Leaving') stack.pop();
    return stack.at(-1);
  });
}
