import { join } from 'node:path';
import { startOfFile } from '../base';
import { checkChartFiles } from './chart-files';
import type { Findings } from './findings';
import { entriesOf, member, memberAt, type LocatedNode, type MapNode } from './located-tree';
import { displayPath, type PathSetting } from './paths';
import { isFile, readTextFile } from './text-file';
import type { ChartReference, ImageValues } from './types';
import { valueRanges } from './value-ranges';
import type { ChartSettings } from './vapp-yaml';
import { parseYaml } from './yaml-text';

export interface ChartRequest {
  readonly root: string;
  /** Folders below `deploy/` to look for a chart in, in this order. */
  readonly folders: readonly string[];
  readonly settings: ChartSettings | undefined;
}

/** The values of the chart that ships with us. */
const BUILTIN_IMAGE_VALUES: ImageValues = {
  repository: 'image.repository',
  digest: 'image.digest',
  tag: 'image.tag',
  pullPolicy: 'image.pullPolicy',
};
const BUILTIN_ENVIRONMENT_VALUE = 'env';
const TEST_IMAGE_VALUE = 'test.image';

/** Finds an app's chart: what vapp.yaml names, else the first of the usual folders with a Chart.yaml, else our own. */
export async function readChart(request: ChartRequest, findings: Findings): Promise<ChartReference> {
  const { root, settings } = request;
  const valuesFiles = await existingValuesFiles(root, settings?.valuesFiles ?? [], findings);
  const common = { valuesFiles: valuesFiles.map(({ file }) => file), values: settings?.values ?? {} };
  const ranges = (own?: LocatedNode) => {
    const found = valueRanges([own, ...valuesFiles.map(({ tree }) => tree), settings?.valuesNode]);
    return { valueRanges: settings ? new Map([['', settings.range], ...found]) : found };
  };
  const path = settings?.path;
  if (path === 'invalid' || path) {
    const named = path === 'invalid' ? undefined : path;
    const { tree, ...mapping } = await readValueMapping(root, named, settings, findings);
    return {
      source: 'vapp.yaml',
      ...(named ? { path: named.value, range: named.range } : {}),
      ...common,
      ...ranges(tree),
      ...mapping,
    };
  }
  const found = await findChart(root, request.folders, findings);
  if (found !== undefined) {
    const { tree, ...mapping } = await readValueMapping(root, { value: found }, settings, findings);
    return {
      source: 'repository',
      path: found,
      range: startOfFile(join(found, CHART_FILE)),
      ...common,
      ...ranges(tree),
      ...mapping,
    };
  }
  return {
    source: 'builtin',
    ...common,
    ...ranges(),
    imageValues: settings?.image ?? BUILTIN_IMAGE_VALUES,
    environmentValue: settings?.environment ?? BUILTIN_ENVIRONMENT_VALUE,
    testImageValue: TEST_IMAGE_VALUE,
  };
}

const CHART_FILE = 'Chart.yaml';
const VALUES_FILE = 'values.yaml';

async function findChart(root: string, folders: readonly string[], findings: Findings): Promise<string | undefined> {
  for (const folder of folders) {
    const chart = join(root, 'deploy', folder, 'helm');
    findings.watch(join(chart, CHART_FILE));
    if (await isFile(join(chart, CHART_FILE))) return chart;
  }
  return undefined;
}

async function existingValuesFiles(
  root: string,
  settings: readonly PathSetting[],
  findings: Findings,
): Promise<{ file: string; tree?: LocatedNode }[]> {
  const files: { file: string; tree?: LocatedNode }[] = [];
  for (const setting of settings) {
    if (setting === 'invalid') continue;
    const source = await readTextFile(setting.value, findings);
    let tree: LocatedNode | undefined;
    if (source === 'missing') {
      findings.error(setting.range, {
        code: 'values-file-missing',
        message: `There is no values file at ${displayPath(root, setting.value)}.`,
      });
    } else if (source !== 'unusable') {
      tree = parseYaml(source, findings, { uniqueKeys: false });
      if (tree && !isMapOrEmpty(tree)) reportNoMap(tree, findings);
    }
    files.push({ file: setting.value, ...(tree ? { tree } : {}) });
  }
  return files;
}

/** And the chart's own values. */
type ValueMapping = Pick<ChartReference, 'imageValues' | 'environmentValue' | 'testImageValue'> & {
  readonly tree?: LocatedNode;
};

async function readValueMapping(
  root: string,
  chart: { value: string; range?: Exclude<PathSetting, 'invalid'>['range'] } | undefined,
  settings: ChartSettings | undefined,
  findings: Findings,
): Promise<ValueMapping> {
  const explicit = {
    imageValues: settings?.image ?? {},
    ...(settings?.environment === undefined ? {} : { environmentValue: settings.environment }),
  };
  if (!chart) return explicit;
  const chartFile = join(chart.value, CHART_FILE);
  const source = await readTextFile(chartFile, findings);
  if (source === 'missing') {
    findings.error(chart.range ?? startOfFile(chartFile), {
      code: 'chart-missing',
      message: `There is no chart at ${displayPath(root, chart.value)}: it has no ${CHART_FILE}.`,
    });
    return explicit;
  }
  await checkChartFiles(root, chart.value, findings);
  if (source !== 'unusable') checkChartFile(parseYaml(source, findings, { uniqueKeys: false }), findings);

  const valuesFile = join(chart.value, VALUES_FILE);
  const valuesSource = await readTextFile(valuesFile, findings);
  const hasValues = valuesSource !== 'missing';
  const tree = typeof valuesSource === 'string' ? undefined : parseYaml(valuesSource, findings, { uniqueKeys: false });
  if (hasValues && !tree) return explicit;
  if (tree && !isMapOrEmpty(tree)) {
    reportNoMap(tree, findings);
    return explicit;
  }
  const imageValues = settings?.image ?? deriveImageValues(tree);
  if (!imageValues) {
    findings.error(startOfFile(hasValues ? valuesFile : chartFile), {
      code: 'chart-image-unknown',
      message: 'None of the chart’s values is known to take the image of the app.',
      hint: 'Say in vapp.yaml under "chart.image" which values do, e.g. { repository: image.repository, digest: image.digest }.',
    });
  }
  const environmentValue = settings?.environment ?? deriveEnvironmentValue(tree);
  return {
    ...(tree ? { tree } : {}),
    imageValues: imageValues ?? {},
    ...(environmentValue === undefined ? {} : { environmentValue }),
    ...(takesTestImage(tree) ? { testImageValue: TEST_IMAGE_VALUE } : {}),
  };
}

/** Helm refuses a chart without these (https://helm.sh/docs/topics/charts/#the-chartyaml-file). */
const REQUIRED_CHART_KEYS = ['apiVersion', 'name', 'version'] as const;

function checkChartFile(tree: LocatedNode | undefined, findings: Findings): void {
  if (!tree) return;
  if (tree.kind !== 'map') {
    reportNoMap(tree, findings);
    return;
  }
  for (const key of REQUIRED_CHART_KEYS) {
    const node = member(tree, key);
    if (node?.kind === 'scalar' && node.text !== '') continue;
    findings.error(tree.entries.get(key)?.keyRange ?? startOfFile(tree.range.file), {
      code: 'chart-invalid',
      message: `${CHART_FILE} has no "${key}", and Helm refuses a chart without it.`,
    });
  }
}

/**
 * Which values of a chart take the image, told by its values.yaml: the old Velocitas charts' `imageVehicleApp`, the
 * `image.repository` of `helm create`, or one `image` that is the whole reference.
 */
function deriveImageValues(values: LocatedNode | undefined): ImageValues | undefined {
  for (const parent of ['imageVehicleApp', 'image']) {
    const image = member(values, parent);
    if (image?.kind === 'scalar' && typeof image.value === 'string') return { reference: parent };
    if (image?.kind !== 'map' || !image.entries.has('repository')) continue;
    const path = (key: string) => `${parent}.${key}`;
    const pick = (key: 'digest' | 'pullPolicy') => (image.entries.has(key) ? { [key]: path(key) } : {});
    const needsTag = image.entries.has('tag') || !image.entries.has('digest');
    return {
      repository: path('repository'),
      ...pick('digest'),
      ...(needsTag ? { tag: path('tag') } : {}),
      ...pick('pullPolicy'),
    };
  }
  return undefined;
}

/** `env`, where it is a map of plain values as in the chart that ships with us; a list has another meaning. */
function deriveEnvironmentValue(values: LocatedNode | undefined): string | undefined {
  const env = memberAt(values, [BUILTIN_ENVIRONMENT_VALUE]);
  const isPlainMap = env?.kind === 'map' && entriesOf(env).every((entry) => entry.value.kind === 'scalar');
  return isPlainMap ? BUILTIN_ENVIRONMENT_VALUE : undefined;
}

/** As the chart that ships with us, and charts that began as a copy of it. */
function takesTestImage(values: LocatedNode | undefined): boolean {
  return memberAt(values, [...TEST_IMAGE_VALUE.split('.'), 'digest']) !== undefined;
}

function isMapOrEmpty(tree: LocatedNode): tree is MapNode {
  return tree.kind === 'map' || (tree.kind === 'scalar' && tree.value === null);
}

function reportNoMap(tree: LocatedNode, findings: Findings): void {
  findings.error(tree.range, { code: 'chart-invalid', message: 'This file must hold a map of keys and values.' });
}
