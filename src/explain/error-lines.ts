import type { Place, SourceError } from './source-error';

/** Errors that one line names in full, each form that of some tools. */
export function oneLineErrors(lines: readonly string[]): SourceError[] {
  return lines.flatMap((line, at) => {
    for (const form of FORMS) {
      const match = form.exec(line);
      if (match) return match.groups ? errorOf(match.groups, at, lines) : [];
    }
    return [];
  });
}

// Paths have no colon, so that none of these looks at a stretch of text twice. The first that fits is taken.
const PATH = String.raw`(?<path>[^:"'\`<>|]{1,512})`;
const PLACE = String.raw`${PATH}:(?<line>\d{1,7})(?::(?<column>\d{1,7}))?`;
const WORD_PATH = String.raw`(?<path>[^\s:"'\`<>|()[\]]{1,512})`;
const PREFIX = String.raw`\s*(?:[\w./-]{1,40}: )?`;

const FORMS: readonly RegExp[] = [
  // What is no error, though it may look like one: no groups.
  new RegExp(String.raw`^${PREFIX}[^:]{1,512}:\d{1,7}(?::\d{1,7})?:? (?:- )?(?:warning|note|remark|info|style)\b`, 'i'),
  /^(?:In file included| {17,}from )/,
  // gcc, clang, javac, mypy, rustc's short form: `a.cpp:3:5: error: …`; tsc in colours: `a.ts:3:5 - error TS1: …`.
  new RegExp(
    String.raw`^${PREFIX}${PLACE}(?::| -) (?:fatal |internal compiler |syntax )?error:? (?:TS\d+: )?(?<message>.*)`,
    'i',
  ),
  // tsc and MSBuild: `a.ts(3,5): error TS1: …`.
  /^\s*(?<path>[^():]{1,512})\((?<line>\d{1,7}),(?<column>\d{1,7})\): (?:fatal )?error (?:\w+: )?(?<message>.*)/,
  // Maven: `[ERROR] /a/B.java:[3,5] …`.
  /^\[ERROR\] (?<path>[^:[]{1,512}):\[(?<line>\d{1,7}),(?<column>\d{1,7})\] (?<message>.*)/,
  // make: `Makefile:3: *** missing separator.  Stop.`
  /^(?<path>[^\s:]{0,512}(?:[Mm]akefile[^\s:]{0,40}|\.mk)):(?<line>\d{1,7}): \*\*\* (?<message>.*)/,
  // Shells: `run.sh: line 3: x: command not found`, `run.sh: 3: x: not found`.
  /^(?<path>[^\s:]{0,512}[./][^\s:]{0,255}): (?:line )?(?<line>\d{1,7}): (?<message>\D.*)/,
  // go, protoc, flake8, the linker, pytest and others: `a.go:3:5: …`.
  new RegExp(
    String.raw`^${PREFIX}${WORD_PATH}:(?<line>\d{1,7})(?::(?<column>\d{1,7}))?: (?!\w*Warning\b)(?<message>\S.*)`,
  ),
];

function errorOf(groups: Partial<Record<string, string>>, at: number, lines: readonly string[]): SourceError[] {
  const { path = '', line, column, message = '' } = groups;
  const place = placeOf(path.trim(), line, column);
  if (!place || !isPath(path)) return [];
  return [
    {
      message: /^\w+$/.test(message) ? (assertionAbove(lines, at) ?? message) : message,
      places: [place],
      at,
      certain: true,
    },
  ];
}

/** Of pytest, which puts what it compared into lines before the place: `E       assert 1 == 2`. */
function assertionAbove(lines: readonly string[], at: number): string | undefined {
  const above = lines.slice(Math.max(0, at - MAX_ABOVE), at);
  const last = above.findLastIndex((line) => line.startsWith('E  '));
  let first = last;
  while (first > 0 && above[first - 1]?.startsWith('E  ')) first -= 1;
  return above[first]?.slice(1).trim();
}

const MAX_ABOVE = 12;

/**
 * Errors whose place stands below them: rustc's and ruff's `error: …`, ` --> a.rs:3:5`; esbuild's `✘ [ERROR] …`, then the
 * place alone. And those whose place stands above them, as eslint's.
 */
export function headlineErrors(lines: readonly string[]): SourceError[] {
  let file: string | undefined;
  return lines.flatMap((line, at) => {
    const below =
      /^\s*(?:--> |╭▸ )([^:]{1,512}):(\d{1,7}):(\d{1,7})$|^ {4}([^\s:][^:]{0,511}):(\d{1,7}):(\d{1,7}):$/.exec(line);
    if (below) {
      const [, path, row, column, otherPath, otherRow, otherColumn] = below;
      return underHeadline(lines, at, placeOf(path ?? otherPath ?? '', row ?? otherRow, column ?? otherColumn));
    }
    if (line.trim() === '') file = undefined;
    else if (/^\/\S{0,511}\.\w{1,12}$/.test(line)) file = line;
    const [, row, column, message] = /^ {1,8}(\d{1,7}):(\d{1,7}) {2}error {2}(.*)$/.exec(line) ?? [];
    const place = file === undefined ? undefined : placeOf(file, row, column);
    return place && message !== undefined
      ? [{ message: message.replace(/ {2,}\S+$/, ''), places: [place], at, certain: true }]
      : [];
  });
}

function underHeadline(lines: readonly string[], at: number, place: Place | undefined): SourceError[] {
  const above = lines.slice(Math.max(0, at - 2), at).findLast((line) => line.trim() !== '');
  const [, message] = /^(?:error(?:\[\w+\])?: |✘ \[ERROR\] |(?=[A-Z]{1,4}\d{2,4} ))(.*)$/.exec(above ?? '') ?? [];
  return place && message !== undefined ? [{ message, places: [place], at, certain: true }] : [];
}

/** A place whose numbers were written; lines and columns from 1. */
export function placeOf(path: string, line: string | undefined, column?: string): Place | undefined {
  const row = Number(line);
  if (path === '' || !(row >= 1)) return undefined;
  return { path, line: row, ...(Number(column) >= 1 ? { column: Number(column) } : {}) };
}

/** It has a folder or an extension that begins with a letter: times of day and host names have none. */
function isPath(path: string): boolean {
  return /\.[A-Za-z][\w+-]{0,11}$|\/[^/]*[A-Za-z]|[Mm]akefile/.test(path) && !path.startsWith('//');
}
