import { isMap, isScalar, isSeq, parseDocument, LineCounter, type Pair } from 'yaml';
import type { FailureDetails, RelatedPlace, SourceRange } from '../base';
import { readSmallFile, whereToSet, type ValueRanges } from '../project';
import { chartFile } from './chart-file';
import { dotAt, templateLineOf } from './template-lines';

/** The object of a chart that Kubernetes refused, as far as it said which. */
export interface RefusedObject {
  readonly kind?: string;
  readonly name?: string;
  /** As the API server writes it: `spec.template.spec.containers[0].name`; or its keys and indices one by one. */
  readonly field?: string | readonly string[];
}

/**
 * Where the value stands that a text of Helm or a template names, if it names one.
 *
 * @param field of the object that takes the value: its end may lead further into a value that is a map.
 */
export function placesOfValues(
  text: string,
  ranges: ValueRanges | undefined,
  field: readonly string[] = [],
): RelatedPlace[] {
  const names = [...text.matchAll(/\.Values\.(?<path>[\w-]+(?:\.[\w-]+)*)/g)].map(
    ({ groups }) => groups?.['path'] ?? '',
  );
  return [...new Set(names)].flatMap((path) => {
    const inside = field.map((_, index) => [path, ...field.slice(index)].join('.'));
    return placeOfValue(inside.find((deeper) => ranges?.has(deeper)) ?? path, ranges);
  });
}

/** The values that a schema refuses: Helm 4 names them `- at '/a/b': …`, Helm 3 `- a.b: …`. */
export function placesOfSchema(details: readonly string[], ranges: ValueRanges | undefined): RelatedPlace[] {
  return details.flatMap((line) => {
    const pointer = /^- at '(?<pointer>[^']*)'/.exec(line)?.groups?.['pointer'];
    const path = pointer === undefined ? /^- (?<path>[^:\s]+): /.exec(line)?.groups?.['path'] : dotted(pointer);
    // The older form does not count what is not allowed among the path.
    const extra = /(?:Additional property|additional properties) '?(?<extra>[\w-]+)'? (?:is )?not allowed/.exec(line);
    const parent = path === undefined || path === '(root)' ? [] : [path];
    const full = [...parent, ...(extra?.groups?.['extra'] ?? '').split(' ')].filter(Boolean).join('.');
    return placeOfValue(full, ranges);
  });
}

function dotted(pointer: string): string {
  return pointer.split('/').slice(1).join('.');
}

function placeOfValue(path: string, ranges: ValueRanges | undefined): RelatedPlace[] {
  const range = ranges && path !== '' ? whereToSet(ranges, path) : undefined;
  return range ? [{ range, message: ranges?.has(path) ? `the value ${path}` : `${path} would be set here` }] : [];
}

/**
 * Where in a chart an object comes from: by the comment `# Source:` that Helm puts before each, and the line of the
 * template that reads most like the refused one.
 *
 * @param manifest what the chart renders to.
 * @param chartPath absolute.
 */
export async function placeOfObject(
  manifest: string,
  chartPath: string,
  refused: RefusedObject,
  ranges: ValueRanges | undefined,
): Promise<Pick<FailureDetails, 'range' | 'related'>> {
  const found = findObject(manifest, refused);
  if (!found) return {};
  const file = chartFile(chartPath, found.source.slice(found.source.indexOf('/') + 1));
  if (file === undefined) return {};
  const template = ((await readSmallFile(file)) ?? '').split('\n');
  const line = templateLineOf(found.lines, found.line, template) ?? lineLike(found.lines, found.line, template);
  const related = placesOfValues(textWithDot(template, line), ranges, stepsOf(refused.field ?? ''));
  return { range: rangeOfLine(file, template, line), related };
}

/** A line of a file without its indentation. @param line counted from 0. */
export function rangeOfLine(file: string, lines: readonly string[], line: number): SourceRange {
  const text = (lines[line] ?? '').trimEnd();
  const start = { line: line + 1, column: text.length - text.trimStart().length + 1 };
  return { file, start, end: { line: line + 1, column: text.length + 1 } };
}

/** A line of a template, in which the bare `.` is what it stands for there. */
function textWithDot(template: readonly string[], line: number): string {
  const text = template[line] ?? '';
  return /\{\{[^}]*\s\.[\s}|)]/.test(text) ? `${text} ${dotAt(template, line) ?? ''}` : text;
}

interface FoundObject {
  /** As Helm writes it: `chart/templates/app.yaml`. */
  readonly source: string;
  readonly lines: readonly string[];
  /** The refused field's, counted from 0. */
  readonly line: number;
}

function findObject(manifest: string, { kind, name, field = '' }: RefusedObject): FoundObject | undefined {
  for (const text of manifest.split(/^---\s*$/m)) {
    const source = /^# Source: (?<source>\S+)/m.exec(text)?.groups?.['source'];
    if (source === undefined) continue;
    const counter = new LineCounter();
    const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
    const matches = (path: string[], wanted: string | undefined) =>
      wanted === undefined || document.getIn(path) === wanted;
    if (document.errors.length > 0 || !matches(['kind'], kind) || !matches(['metadata', 'name'], name)) continue;
    const offset = offsetOf(document.contents, stepsOf(field)) ?? offsetOf(document.contents, ['kind']) ?? 0;
    return { source, lines: text.split('\n'), line: counter.linePos(offset).line - 1 };
  }
  return undefined;
}

function stepsOf(field: string | readonly string[]): readonly string[] {
  return typeof field !== 'string' ? field : field.split(/[.[\]]/).filter(Boolean);
}

/** Of the deepest part of the path that is there. */
function offsetOf(node: unknown, steps: readonly string[]): number | undefined {
  let offset: number | undefined;
  let current = node;
  for (const step of steps) {
    if (isMap(current)) {
      const pair = current.items.find(({ key }: Pair) => isScalar(key) && String(key.value) === step);
      if (!pair) break;
      offset = isScalar(pair.key) ? pair.key.range?.[0] : offset;
      current = pair.value;
    } else if (isSeq(current)) {
      current = current.items[Number(step)];
    } else {
      break;
    }
  }
  return offset;
}

/**
 * The line of a template that a rendered one comes from: the same text; else the same key, as often before; else the
 * first.
 */
function lineLike(rendered: readonly string[], line: number, template: readonly string[]): number {
  const text = rendered[line]?.trim() ?? '';
  const same = template.findIndex((candidate) => candidate.trim() === text);
  if (same >= 0 && template.filter((candidate) => candidate.trim() === text).length === 1) return same;
  const key = /^(?:- )*(?<key>[\w./-]+):/.exec(text)?.groups?.['key'];
  if (key === undefined) return 0;
  const hasKey = (candidate: string) =>
    candidate
      .trim()
      .replace(/^(?:- )+/, '')
      .startsWith(`${key}:`);
  const ordinal = rendered.slice(0, line).filter(hasKey).length;
  const candidates = template.flatMap((candidate, index) => (hasKey(candidate) ? [index] : []));
  return candidates[ordinal] ?? candidates[0] ?? 0;
}
