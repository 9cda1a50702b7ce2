/** A place in a file as a tool or a stack trace wrote it. */
export interface Location {
  /** Where in the text it stands, UTF-16 code units. */
  readonly index: number;
  readonly length: number;
  readonly path: string;
  /** Lines and columns count from 1. */
  readonly line: number;
  readonly column?: number;
}

/** Longest path looked at. */
const MAX_PATH = 512;
/** So many places are found in one text. */
const MAX_LOCATIONS = 32;
const MAX_DIGITS = 7;

/**
 * The places that a line of a log names: `path:line`, `path:line:column`, and Python's `File "path", line N`.
 *
 * Takes time in proportion to the length of the text.
 */
export function findLocations(text: string): Location[] {
  const found = [...pythonFrames(text), ...colonForms(text)].sort((a, b) => a.index - b.index);
  let end = 0;
  const apart = found.filter(({ index, length }) => {
    if (index < end) return false;
    end = index + length;
    return true;
  });
  return apart.slice(0, MAX_LOCATIONS);
}

const FRAME = 'File "';
const FRAME_LINE = '", line ';

function* pythonFrames(text: string): Generator<Location> {
  for (let at = text.indexOf(FRAME); at >= 0; at = text.indexOf(FRAME, at + FRAME.length)) {
    const from = at + FRAME.length;
    const rest = text.slice(from, from + MAX_PATH);
    const quote = rest.indexOf('"');
    if (quote <= 0 || !text.startsWith(FRAME_LINE, from + quote)) continue;
    const path = rest.slice(0, quote);
    const number = numberAt(text, from + quote + FRAME_LINE.length);
    if (number) yield { index: from, length: number.end - from, path, line: number.value };
  }
}

function* colonForms(text: string): Generator<Location> {
  let searched = 0;
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    const line = numberAt(text, colon + 1);
    if (!line) continue;
    const from = pathStart(text, colon, searched);
    searched = colon + 1;
    const path = text.slice(from, colon);
    if (!isPath(path) || isOfUrl(text, from)) continue;
    const column = text[line.end] === ':' ? numberAt(text, line.end + 1) : undefined;
    const end = column?.end ?? line.end;
    yield {
      index: from,
      length: end - from,
      path,
      line: line.value,
      ...(column ? { column: column.value } : {}),
    };
    searched = end;
  }
}

/** The number that stands at a place and is followed by no other word; 0 is none. */
function numberAt(text: string, at: number): { readonly value: number; readonly end: number } | undefined {
  let end = at;
  while (end - at <= MAX_DIGITS && isDigit(text.charCodeAt(end))) end += 1;
  if (end === at || end - at > MAX_DIGITS || isWord(text.charCodeAt(end))) return undefined;
  const value = Number(text.slice(at, end));
  return value > 0 ? { value, end } : undefined;
}

function pathStart(text: string, colon: number, notBefore: number): number {
  const first = Math.max(notBefore, colon - MAX_PATH);
  let from = colon;
  while (from > first && !ENDS_PATH.has(text[from - 1] ?? '')) from -= 1;
  return from;
}

const ENDS_PATH = new Set([' ', '\t', ':', ',', ';', '"', "'", '`', '(', ')', '[', ']', '{', '}', '<', '>', '=', '|']);

/** Its last part has an extension that begins with a letter: host names and times of day have none. */
function isPath(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const first = name.charCodeAt(dot + 1);
  return dot > 0 && name.length - dot <= MAX_EXTENSION && (isUpper(first) || isLower(first));
}

const MAX_EXTENSION = 12;

/** `http://host.org:80/`; a `file:` names a file all the same. */
function isOfUrl(text: string, from: number): boolean {
  return text[from - 1] === ':' && text.startsWith('//', from) && !text.endsWith('file', from - 1);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isLower(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

function isWord(code: number): boolean {
  return isDigit(code) || isUpper(code) || isLower(code) || code === 0x5f;
}
