import { Failure, startOfFile, type FailureDetails, type SourceRange } from '../base';
import type { ValueRanges } from '../project';
import { ToolFailure, clusterUnreachable } from '../tools';
import { chartFile } from './chart-file';
import { placesOfSchema, placesOfValues, type RefusedObject } from './chart-places';

/** What was given to Helm, to find files again that it speaks of. */
export interface HelmContext {
  readonly release: string;
  /** Absolute; absent where Helm works from a stored revision. */
  readonly chartPath?: string;
  /** Where the chart's values stand. */
  readonly valueRanges?: ValueRanges | undefined;
}

/**
 * What Helm's words mean for the user. It reads the forms of Helm 3 and 4; anything it does not know stays the
 * ToolFailure that it was.
 */
export function helmFailure(error: unknown, context: HelmContext): unknown {
  if (!(error instanceof ToolFailure) || error.code !== 'tool-failed') return error;
  const text = error.stderr
    .replace(/^(?:WARNING|level=WARN).*\n/gm, '')
    .trim()
    .slice(0, MAX_READ);
  for (const read of READERS) {
    const failure = read(text, context, error);
    if (failure) return failure;
  }
  return error;
}

/** So much is read, UTF-16 code units: what a chart lets Helm say may be as long as it likes. */
const MAX_READ = 64 * 1024;

type Reader = (text: string, context: HelmContext, cause: ToolFailure) => Failure | undefined;

const READERS: readonly Reader[] = [
  unreachable,
  brokenTemplate,
  refusedValues,
  unreadableChart,
  missingDependency,
  busyRelease,
  immutableField,
  ownedElsewhere,
  missingKind,
  refusedObject,
];

function unreachable(text: string, _context: HelmContext, cause: ToolFailure): Failure | undefined {
  const match = /kubernetes cluster unreachable: (.*)/i.exec(text) ?? LOST_CONNECTION.exec(text);
  if (!match) return undefined;
  const address = /https?:\/\/[^/"\s]+/.exec(text)?.[0] ?? 'its address';
  return clusterUnreachable(address, cause, evidenceOf(text));
}

const LOST_CONNECTION =
  /dial tcp .*|connection refused|connection reset by peer|TLS handshake timeout|http2: client connection lost|unexpected EOF/;

/**
 * The ways in which Helm names a place in a template: `template: chart/templates/x.yaml:4:18: …` (3),
 * `chart/templates/x.yaml:4:18` on a line of its own (4), `execution error at (…:4:11): …`, `parse error at (…:5): …`,
 * `YAML parse error on …: …`. Lines of the last kind count in the rendered text, so they are no place in the file.
 */
function brokenTemplate(text: string, context: HelmContext, cause: ToolFailure): Failure | undefined {
  const start =
    /unclosed action started at (?<path>[^\s:()]+):(?<line>\d+)/.exec(text) ??
    /(?:execution|parse) error at \((?<path>[^:)]+):(?<line>\d+)(?::(?<column>\d+))?\): (?<what>.*)/.exec(text) ??
    /template: (?<path>[^\s:]+\/[^\s:]+):(?<line>\d+):(?<column>\d+): (?<what>.*)/.exec(text) ??
    /^Error: (?:[A-Z]+ FAILED: )?(?<path>[^\s:]+\/[^\s:]+):(?<line>\d+):(?<column>\d+)\n(?<what>(?:.+\n?)*)/m.exec(
      text,
    ) ??
    /YAML parse error on (?<path>[^\s:]+): (?<what>.*)/.exec(text);
  const { path, line, column, what } = start?.groups ?? {};
  if (path === undefined) return undefined;
  const inChart = path.slice(path.indexOf('/') + 1);
  const reason = (what ?? 'unclosed action').trim().split('\n').at(-1)?.trim() ?? '';
  const { range } = fileIn(context, inChart, line, column);
  return new Failure({
    code: 'chart-invalid',
    fault: 'app',
    summary: `The chart does not render: ${inChart}${line === undefined ? '' : `, line ${line}`}: ${lastCause(reason)}.`,
    evidence: evidenceOf(text),
    ...(range ? { range } : {}),
    related: placesOfValues(text, context.valueRanges),
    nextSteps: [`Correct ${inChart}, or set the value that it asks for in a values file or in vapp.yaml.`],
    cause,
  });
}

function refusedValues(text: string, context: HelmContext, cause: ToolFailure): Failure | undefined {
  const match = /values don't meet the specifications of the schema\(s\)[^:]*:\n(?<details>[^]*)/.exec(text);
  if (!match) return undefined;
  const details = (match.groups?.['details'] ?? '').split('\n').filter((line) => line.startsWith('- '));
  const schema = fileIn(context, 'values.schema.json').range;
  const [value, ...others] = placesOfSchema(details, context.valueRanges);
  const range = value?.range ?? schema;
  return chartInvalid({
    summary: `The chart's values do not meet its schema: ${details.map((line) => line.slice(2)).join('; ')}.`,
    evidence: evidenceOf(text),
    ...(range ? { range } : {}),
    related: [...others, ...(value && schema ? [{ range: schema, message: 'the schema' }] : [])],
    nextSteps: ['Correct the values in the values file or in vapp.yaml.'],
    cause,
  });
}

function unreadableChart(text: string, context: HelmContext, cause: ToolFailure): Failure | undefined {
  const broken = /cannot load (?<file>[\w.-]+): (?<what>.*)/.exec(text);
  if (broken) {
    const { file = '', what = '' } = broken.groups ?? {};
    return chartInvalid({
      summary: `The chart's ${file} cannot be read: ${what}.`,
      evidence: evidenceOf(text),
      ...fileIn(context, file, /yaml: line (\d+)/.exec(what)?.[1]),
      cause,
    });
  }
  const values = /failed to parse (?<file>\S+): (?<what>.*)/.exec(text);
  if (values) {
    const { file = '', what = '' } = values.groups ?? {};
    return chartInvalid({
      summary: `The values file ${file} cannot be read: ${what}.`,
      evidence: evidenceOf(text),
      ...(file.startsWith('/') ? { range: placeIn(file, /yaml: line (\d+)/.exec(what)?.[1]) } : {}),
      cause,
    });
  }
  const missing = /Chart\.yaml file is missing|unable to detect chart at|path ".*" not found/.exec(text);
  const invalid = /validation: (chart\.metadata.*)|chart\.metadata\.[^\n]*/.exec(text);
  if (!missing && !invalid) return undefined;
  return chartInvalid({
    summary: missing ? 'The chart has no Chart.yaml.' : `The chart's Chart.yaml is not valid: ${invalid?.[1] ?? text}.`,
    evidence: evidenceOf(text),
    ...fileIn(context, 'Chart.yaml'),
    cause,
  });
}

function missingDependency(text: string, context: HelmContext, cause: ToolFailure): Failure | undefined {
  const names = /found in Chart\.yaml, but missing in charts\/ directory: (.*)/.exec(text)?.[1];
  if (names === undefined) return undefined;
  return chartInvalid({
    summary: `The chart needs other charts that are not there: ${names}.`,
    evidence: evidenceOf(text),
    ...fileIn(context, 'Chart.yaml'),
    nextSteps: [`Fetch them: helm dependency build ${context.chartPath ?? ''}`.trim()],
    cause,
  });
}

function busyRelease(text: string, { release }: HelmContext, cause: ToolFailure): Failure | undefined {
  if (!text.includes('another operation (install/upgrade/rollback) is in progress')) return undefined;
  return new Failure({
    code: 'release-busy',
    fault: 'environment',
    summary: `Somebody else is changing the release ${release} at this moment.`,
    evidence: evidenceOf(text),
    nextSteps: ['Try again when the other helm command has ended.'],
    cause,
  });
}

function immutableField(text: string, _context: HelmContext, cause: ToolFailure): Failure | undefined {
  const match =
    /(?:cannot patch|failed to (?:create|replace|update) (?:resource|typed patch object)?).*?"(?<name>[^"]+)" with kind (?<kind>\w+)/.exec(
      text,
    );
  if (!/field is immutable|updates to \w+ spec for fields other than/.test(text)) return undefined;
  const { name, kind } = match?.groups ?? /\b(?<kind>\w+)\.\w+ "(?<name>[^"]+)" is invalid/.exec(text)?.groups ?? {};
  const field = /is invalid: (?<field>spec[\w.[\]]*): /.exec(text)?.groups?.['field'];
  const object = name === undefined ? 'An object' : `The ${kind ?? 'object'} ${name}`;
  return refusal('immutable-field', {
    summary: `${object} cannot be changed in the way the chart asks for${field === undefined ? '' : ` (${field})`}: Kubernetes does not allow it after creation.`,
    evidence: evidenceOf(text),
    nextSteps: [
      kind === 'Job'
        ? 'Give the Job a name that changes with each revision ({{ .Release.Revision }}), or make it a Helm hook with the delete policy before-hook-creation.'
        : 'Undo that change in the chart, or give the object another name.',
      'Or delete the object and deploy again; what it keeps is lost.',
    ],
    cause,
  });
}

function ownedElsewhere(text: string, _context: HelmContext, cause: ToolFailure): Failure | undefined {
  const match =
    /\b(?<kind>\w+) "(?<name>[^"]+)" in namespace "(?<namespace>[^"]*)" exists and cannot be imported into the current release/.exec(
      text,
    );
  if (!match) return undefined;
  const { kind = '', name = '', namespace = '' } = match.groups ?? {};
  const owner = /meta\.helm\.sh\/release-name"? must equal "[^"]*": current value is "(?<owner>[^"]*)"/.exec(text)
    ?.groups?.['owner'];
  return refusal('object-owned-elsewhere', {
    summary: `The ${kind} ${name} in ${namespace} exists already and belongs to ${owner ? `the release ${owner}` : 'no Helm release'}.`,
    evidence: evidenceOf(text),
    nextSteps: [
      owner
        ? `Uninstall the release ${owner}, or give one of the two charts other names.`
        : `Delete it, or give the chart's object another name.`,
    ],
    cause,
  });
}

function missingKind(text: string, _context: HelmContext, cause: ToolFailure): Failure | undefined {
  const match = /no matches for kind "(?<kind>[^"]+)" in version "(?<version>[^"]+)"/.exec(text);
  if (!match) return undefined;
  const { kind = '', version = '' } = match.groups ?? {};
  return refusal('kind-unknown', {
    summary: `The local runtime does not know objects of the kind ${kind} (${version}) that the chart asks for.`,
    evidence: evidenceOf(text),
    nextSteps: ['Correct the apiVersion in the chart, or install what defines the kind first.'],
    cause,
  });
}

function refusedObject(text: string, _context: HelmContext, cause: ToolFailure): Failure | undefined {
  const match =
    /(?:(?<![\w.])(?<kind>\w+)(?:\.[\w.]+)? )?"(?<name>[^"]+)" is invalid: (?<what>[^]*?)(?:\n|$)/.exec(text) ??
    /\b(?<kind>\w+)(?: in version "[^"]+")? cannot be handled as a \w+: (?<what>.*)/.exec(text) ??
    /error validating "": error validating data: (?<what>.*)/.exec(text) ??
    /(?:conflicts? with "[^"]+"|the object has been modified|is forbidden)[^\n]*/.exec(text);
  if (!match) return undefined;
  const { kind, name, what = match[0] } = match.groups ?? {};
  const object = [kind, name].filter(Boolean).join(' ');
  return refusal('object-refused', {
    summary: `Kubernetes refused ${object === '' ? 'an object of the chart' : `the chart's ${object}`}: ${what.trim()}.`,
    evidence: evidenceOf(text),
    nextSteps: ['Correct the object in the chart.'],
    cause,
  });
}

type Details = Omit<FailureDetails, 'code' | 'fault'>;

function chartInvalid(details: Details): Failure {
  return new Failure({ code: 'chart-invalid', fault: 'app', ...details });
}

function refusal(code: string, details: Details): Failure {
  return new Failure({ code, fault: 'app', ...details });
}

function fileIn({ chartPath }: HelmContext, path: string, line?: string, column?: string): { range?: SourceRange } {
  const file = chartPath === undefined ? undefined : chartFile(chartPath, path);
  return file === undefined ? {} : { range: placeIn(file, line, column) };
}

function placeIn(file: string, line?: string, column?: string): SourceRange {
  if (line === undefined) return startOfFile(file);
  // Helm counts columns from 0, in bytes.
  const position = { line: within(Number(line)), column: column === undefined ? 1 : within(Number(column) + 1) };
  return { file, start: position, end: position };
}

/** What is a line or column to an editor: a text of the chart's own may look like a place. */
function within(number: number): number {
  return Math.min(Math.max(number, 1), 1_000_000);
}

function lastCause(reason: string): string {
  return reason.replace(/^executing "[^"]*" at <.*?>: /, '').replace(/\.$/, '');
}

function evidenceOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('Use --debug'))
    .map((line) => line.replace(/Invalid value: \{.{200,}\}: /, 'Invalid value: {…}: '))
    .slice(0, 20);
}

/** Which object Kubernetes refused, in the words of any of these failures; undefined when they name none. */
export function refusedObjectIn(text: string): RefusedObject | undefined {
  const invalid = /(?<![\w.])(?<kind>\w+)(?:\.[\w.]+)? "(?<name>[^"]+)" is invalid: (?<field>[\w.[\]]+): /.exec(
    text,
  )?.groups;
  if (invalid) return { ...invalid };
  const typed =
    /\b(?<kind>\w+) in version "[^"]+" cannot be handled as a \w+: .*Go struct field \w+?\.(?<field>[\w.]+)/.exec(text);
  if (typed?.groups) return { ...typed.groups };
  const unknown = /for name: "(?<name>[^"]+)".*no matches for kind "(?<kind>[^"]+)"/.exec(text)?.groups;
  if (unknown) return { ...unknown, field: 'apiVersion' };
  const owned = /\b(?<kind>\w+) "(?<name>[^"]+)" in namespace "[^"]*" exists and cannot be imported/.exec(text)?.groups;
  return owned && { ...owned, field: 'metadata.name' };
}
