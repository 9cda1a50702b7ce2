import { findLocations } from './locations';
import { placeOf } from './error-lines';
import type { Place, SourceError } from './source-error';

/** Errors that take several lines: stack traces of Python, Node.js and Go, and what CMake says. */
export function stackErrors(lines: readonly string[]): SourceError[] {
  const errors: SourceError[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    for (const read of [pythonTrace, nodeError, frames, goPanic, cmakeError]) {
      const found = read(lines, at);
      if (!found) continue;
      errors.push({ message: found.message, places: found.places, at, certain: true });
      at = found.end;
      break;
    }
  }
  return errors;
}

interface Found {
  readonly message: string;
  readonly places: readonly Place[];
  /** The last line that belongs to it. */
  readonly end: number;
}

type Reader = (lines: readonly string[], at: number) => Found | undefined;

/** Longest stack trace that is read, lines. */
const MAX_LINES = 200;
const PYTHON_FRAME = /^(\s*)File "/;

/** `Traceback …`, calls from the outermost, then what happened; a syntax error has the place alone. */
const pythonTrace: Reader = (lines, at) => {
  const indent = PYTHON_FRAME.exec(lines[at] ?? '')?.[1]?.length;
  if (indent === undefined) return undefined;
  const places: Place[] = [];
  const last = Math.min(lines.length, at + MAX_LINES);
  for (let index = at; index < last; index += 1) {
    const line = lines[index] ?? '';
    if (PYTHON_FRAME.test(line)) places.unshift(...placesIn(line).slice(0, 1));
    else if (line.trim() !== '' && indentOf(line) < indent) return { message: line, places, end: index };
  }
  return places.length > 0 ? { message: 'The trace ends here', places, end: last } : undefined;
};

/** Node.js: the place alone, the line of source, a caret, an empty line, what happened, calls from the innermost. */
const nodeError: Reader = (lines, at) => {
  const [, path = '', row] = /^(?:file:\/\/)?(\/[^:]{1,511}):(\d{1,7})$/.exec(lines[at] ?? '') ?? [];
  const head = placeOf(path, row);
  const caret = lines.slice(at, at + MAX_SOURCE).findIndex((line) => /^\s*\^+\s*$/.test(line));
  if (!head || caret < 0) return undefined;
  const below = lines.slice(at + caret + 1, at + caret + MAX_SOURCE).findIndex((line) => line.trim() !== '');
  if (below < 0) return undefined;
  const said = at + caret + 1 + below;
  const stack = framesFrom(lines, said + 1);
  const exact = stack.places.find(({ path, line }) => path === head.path && line === head.line);
  return { message: lines[said] ?? '', places: [exact ?? head, ...stack.places], end: stack.end };
};

const MAX_SOURCE = 5;

/** Calls from the innermost, as JavaScript and Java write them, below what happened. */
const frames: Reader = (lines, at) => {
  const { places, end } = framesFrom(lines, at);
  if (places.length === 0) return undefined;
  const above = lines.slice(Math.max(0, at - MAX_SOURCE), at);
  const message = above.findLast((line) => /(?:Error|Exception)\b/.test(line)) ?? above.at(-1) ?? '';
  return message.trim() === '' ? undefined : { message, places, end };
};

function framesFrom(lines: readonly string[], from: number): { places: Place[]; end: number } {
  const places: Place[] = [];
  let end = from;
  for (; end < from + MAX_LINES && /^\s+at /.test(lines[end] ?? ''); end += 1) {
    places.push(...placesIn(lines[end] ?? ''));
  }
  return { places, end: end - 1 };
}

/** `panic: …`, then each call on a line of its own with its place on the next. */
const goPanic: Reader = (lines, at) => {
  const message = /^panic: .+/.exec(lines[at] ?? '')?.[0];
  if (message === undefined) return undefined;
  const places: Place[] = [];
  let end = at + 1;
  for (; end < at + MAX_LINES && end < lines.length; end += 1) {
    const line = lines[end] ?? '';
    if (/^\t/.test(line)) places.push(...placesIn(line).slice(0, 1));
    else if (!/^(?:\[signal|goroutine |$|\S+\(|created by )/.test(line)) break;
  }
  return places.length > 0 ? { message, places, end: end - 1 } : undefined;
};

/** `CMake Error at CMakeLists.txt:3 (add_library):`, an indented text, and who called whom where the error is CMake's own. */
const cmakeError: Reader = (lines, at) => {
  const [, path = '', row] = /^CMake Error at ([^:]{1,512}):(\d{1,7})(?: \(\w+\))?:$/.exec(lines[at] ?? '') ?? [];
  const head = placeOf(path, row);
  if (!head) return undefined;
  const text: string[] = [];
  const places: Place[] = [head];
  let end = at + 1;
  for (let calls = false; end < at + MAX_LINES && end < lines.length; end += 1) {
    const line = lines[end] ?? '';
    if (line.startsWith('Call Stack')) calls = true;
    else if (line !== '' && !line.startsWith('  ')) break;
    else if (calls) places.push(...placesIn(line).slice(0, 1));
    else text.push(line.trim());
  }
  const paragraph = text.join('\n').trim().split('\n\n', 2);
  // A sentence that ends with a colon goes on in the next paragraph.
  const said = paragraph[0]?.endsWith(':') ? paragraph : paragraph.slice(0, 1);
  return { message: said.join(' ').replaceAll('\n', ' '), places, end: end - 1 };
};

/** The places that a line names; `file:///a` is `/a`. */
export function placesIn(line: string): Place[] {
  return findLocations(line).map(({ path, line: row, column }) => ({
    path: path.replace(/^\/{2,}/, '/'),
    line: row,
    ...(column === undefined ? {} : { column }),
  }));
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
