import { LineCounter, parseAllDocuments } from 'yaml';
import { startOfFile, type FailureDetails } from '../base';
import { readSmallFile, type ValueRanges } from '../project';
import { chartFile } from './chart-file';
import { placesOfValues, rangeOfLine } from './chart-places';
import { templateLineOf } from './template-lines';

/** Rendered text that is no YAML, in Helm's words. */
export interface BrokenYaml {
  /** The template, as Helm names it: `chart/templates/app.yaml`. */
  readonly source: string;
  /** Counted from 1, in the one document that is broken. */
  readonly line: number;
  readonly what: string;
}

/** What Helm says of rendered text that is no YAML; undefined where it says something else. */
export function brokenYamlIn(text: string): BrokenYaml | undefined {
  const { source, line, what } =
    /YAML parse error on (?<source>[^\s:]+): .*?\byaml: line (?<line>\d+): (?<what>.*)/.exec(text)?.groups ?? {};
  return source === undefined ? undefined : { source, line: Number(line), what: what ?? '' };
}

/**
 * Where in a template the rendered text stops being YAML. Helm counts lines in the rendered text, in that of its
 * documents which is broken, and names for many errors the line where a block began; so the text is read once more.
 *
 * @param rendered what Helm renders, YAML or not, with its comments `# Source:`.
 * @param chartPath absolute.
 */
export async function placeOfBrokenYaml(
  rendered: string,
  broken: BrokenYaml,
  chartPath: string,
  ranges: ValueRanges | undefined,
): Promise<Pick<FailureDetails, 'summary' | 'range' | 'related'> | undefined> {
  const { source, what } = broken;
  const lines = linesOf(rendered, source);
  const line = brokenLine(lines, broken);
  if (line === undefined) return undefined;
  const inChart = source.slice(source.indexOf('/') + 1);
  const file = chartFile(chartPath, inChart);
  if (file === undefined) return undefined;
  const template = ((await readSmallFile(file)) ?? '').split('\n');
  const at = templateLineOf(lines, line, template);
  const place = at === undefined ? inChart : `${inChart}, line ${at + 1}`;
  const text = (lines[line] ?? '').trim().slice(0, MAX_TEXT);
  return {
    summary: `The chart renders to what is no YAML: ${place}: “${text}”: ${what}.`,
    range: at === undefined ? startOfFile(file) : rangeOfLine(file, template, at),
    related: at === undefined ? [] : placesOfValues(template[at] ?? '', ranges),
  };
}

/** Of the rendered line, in the summary. */
const MAX_TEXT = 120;

/** What one template rendered to: from its comment to that of the next one. */
function linesOf(rendered: string, source: string): string[] {
  const lines = rendered.split('\n');
  const begin = lines.indexOf(`# Source: ${source}`) + 1;
  if (begin === 0) return [];
  const end = lines.findIndex((line, index) => index >= begin && line.startsWith('# Source: '));
  return lines.slice(begin, end < 0 ? undefined : end - 1);
}

/** Counted from 0; undefined where the text reads well to us. */
function brokenLine(lines: readonly string[], { line, what }: BrokenYaml): number | undefined {
  const lineCounter = new LineCounter();
  const options = { lineCounter, prettyErrors: false, uniqueKeys: false };
  const errors = parseAllDocuments(lines.join('\n'), options).flatMap((document) => document.errors);
  if (errors.length === 0) return undefined;
  const found = lineCounter.linePos(Math.min(...errors.map(({ pos }) => pos[0]))).line - 1;
  if (!EXACT.test(what)) return found;
  const separator = lines.findLastIndex((text, index) => index < found && text.startsWith('---'));
  const first = lines.findIndex((text, index) => index > separator && text.trim() !== '');
  return first + line - 1;
}

/** What Helm's reader says at the very place. */
const EXACT = /^mapping values are not allowed/;
