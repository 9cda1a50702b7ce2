import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlias, isMap, isScalar, parse, parseDocument, type Document, type Scalar } from 'yaml';
import { Failure, messageOf, startOfFile } from '../base';
import type { ChartReference } from '../project';
import type { Toolbox } from '../tools';
import { helmFailure } from './helm-failure';
import { deployValues, type Values } from './values';

export interface PackageRequest {
  /** Name of the package: the app's id. */
  readonly name: string;
  /** Version of the package and of the app in it, by semantic versioning. */
  readonly version: string;
  /** Absolute folder of the chart. */
  readonly chartPath: string;
  readonly chart: ChartReference;
  readonly image: { readonly repository: string; readonly digest: string };
  /** Values by dotted path that we add below the user's own. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Absolute; made if it is not there. */
  readonly destination: string;
}

/**
 * Makes a Helm package of an app's chart. What a deployment would set is the package's own values: whoever installs it
 * need not set anything, and gets the very image. The chart itself stays as it is.
 *
 * @returns the package's file, absolute. One of the same name is replaced.
 * @throws Cancelled; Failure `version-invalid`, `destination-unusable` (usage), `chart-invalid`, `chart-unreadable`.
 */
export async function packageChart(
  request: PackageRequest,
  { toolbox, signal }: { readonly toolbox: Toolbox; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const { name, version, chartPath, chart, destination } = request;
  if (!SEMANTIC_VERSION.test(version)) throw invalidVersion(version);
  await provideFolder(destination);
  const scratch = await mkdtemp(join(tmpdir(), 'vapp-package-'));
  try {
    const folder = join(scratch, name);
    const values = await valuesOf(request);
    try {
      await cp(chartPath, folder, { recursive: true, dereference: true });
      await edit(join(folder, 'Chart.yaml'), (document) => {
        document.set('name', name);
        document.set('version', version);
        document.set('appVersion', version);
      });
      await edit(join(folder, 'values.yaml'), (document) => mergeInto(document, [], values));
    } catch (error) {
      throw unreadable(chartPath, error);
    }
    const file = join(scratch, `${name}-${version}.tgz`);
    try {
      await toolbox.run('helm', ['package', folder, '--destination', scratch], { signal });
      // It renders without any further value, or nobody could install it.
      await toolbox.run('helm', ['template', name, file], { signal });
    } catch (error) {
      throw helmFailure(error, { release: name, ...(chart.path === undefined ? {} : { chartPath }) });
    }
    const target = join(destination, `${name}-${version}.tgz`);
    await cp(file, target);
    return target;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What a deployment would hand to Helm: the values files in their order, then what is set. */
async function valuesOf(request: PackageRequest): Promise<Values[]> {
  const { valuesFiles } = request.chart;
  const files = await Promise.all(
    valuesFiles.map(async (file) => parse(await readFile(file, 'utf8')) as Values | null),
  );
  return [...files.map((values) => values ?? {}), deployValues(request, files)];
}

/** Changes a YAML file and keeps its comments. One that is not there counts as empty. */
async function edit(file: string, change: (document: Document) => void): Promise<void> {
  const document = parseDocument(existsSync(file) ? await readFile(file, 'utf8') : '');
  const [broken] = document.errors;
  if (broken) throw broken;
  change(document);
  await writeFile(file, document.toString());
}

/** Sets values in a document; maps are merged, everything else is replaced, as Helm does it. */
export function mergeInto(document: Document, path: readonly string[], sets: readonly Values[]): void {
  for (const values of sets) {
    for (const [key, value] of Object.entries(values)) {
      const place = [...path, key];
      const present = document.hasIn(place) ? document.getIn(place, true) : undefined;
      const mergeable = isPlainMap(value) && (isMap(present) || isAlias(present));
      // What an alias stands for may be in use elsewhere, so this place gets a copy of its own.
      if (mergeable && isAlias(present)) document.setIn(place, document.createNode(present.toJS(document)));
      if (mergeable) mergeInto(document, place, [value]);
      else if (isScalar(present) && !isCollection(value)) setScalar(present, value);
      else document.setIn(place, document.createNode(value));
    }
  }
}

/** In place, so that the comment beside it stays; how the old one was quoted says nothing about the new one. */
function setScalar(scalar: Scalar, value: unknown): void {
  scalar.value = value;
  delete scalar.type;
  delete scalar.source;
}

function isCollection(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isPlainMap(value: unknown): value is Values {
  return isCollection(value) && !Array.isArray(value);
}

/** https://semver.org, without a leading v: Helm refuses anything else. */
const SEMANTIC_VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

function invalidVersion(version: string): Failure {
  const bare = version.replace(/^v/, '');
  return new Failure({
    code: 'version-invalid',
    fault: 'usage',
    summary: `'${version}' is not a version of a chart.`,
    nextSteps: [`Write it by semantic versioning, e.g. ${SEMANTIC_VERSION.test(bare) ? bare : '1.2.3 or 1.2.3-rc.1'}.`],
  });
}

async function provideFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new Failure({
      code: 'destination-unusable',
      fault: 'usage',
      summary: `The folder ${folder} cannot be made: ${messageOf(error)}.`,
      cause: error,
    });
  }
}

function unreadable(chartPath: string, error: unknown): Failure {
  return new Failure({
    code: 'chart-unreadable',
    fault: 'app',
    summary: `The chart cannot be read: ${messageOf(error)}.`,
    range: startOfFile(join(chartPath, 'Chart.yaml')),
    cause: error,
  });
}
