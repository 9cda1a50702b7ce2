import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Failure, messageOf, startOfFile } from '../base';
import { secretsIn } from './secrets';
import { deployValues, type Values } from './values';
import type { DeployRequest } from './types';

/** What a revision is made of. */
export interface DeployContent {
  /** Handed to Helm on top of the values files. */
  readonly values: Values;
  /** What no output may show: {@link secretsIn} the values, those of the files included. */
  readonly secrets: readonly string[];
  /** 40 hexadecimal digits over chart, values files, values and image; fits into a label. */
  readonly hash: string;
  /** The like over all of that but the image. */
  readonly configHash: string;
}

/**
 * Reads chart and values files.
 *
 * @throws Failure `chart-unreadable`, `values-file-unreadable`.
 */
export async function readContent(request: DeployRequest): Promise<DeployContent> {
  const [chartFiles, valuesFiles] = await Promise.all([
    readChart(request.chartPath),
    Promise.all(request.chart.valuesFiles.map(readValuesFile)),
  ]);
  const ofFiles = valuesFiles.map(parseLeniently);
  const values = deployValues(request, ofFiles);
  const files = createHash('sha256');
  const add = (name: string, content: Buffer) => files.update(`${name}\0${content.byteLength}\0`).update(content);
  for (const [name, content] of chartFiles) add(`chart/${name}`, content);
  valuesFiles.forEach((content, index) => add(`values/${index}`, content));
  const hashWith = (set: unknown) => {
    const text = JSON.stringify(set);
    return files
      .copy()
      .update(`set\0${Buffer.byteLength(text)}\0`)
      .update(text)
      .digest('hex')
      .slice(0, 40);
  };
  return {
    values,
    secrets: secretsIn([...ofFiles, values]),
    hash: hashWith([values, request.image]),
    configHash: hashWith([deployValues({ ...request, image: NO_IMAGE }, ofFiles)]),
  };
}

const NO_IMAGE = { repository: '', digest: '' };

async function readChart(folder: string): Promise<[string, Buffer][]> {
  try {
    return (await readTree(folder, '', new Set())).sort(([a], [b]) => (a < b ? -1 : 1));
  } catch (error) {
    throw new Failure({
      code: 'chart-unreadable',
      fault: 'app',
      summary: `The chart cannot be read: ${messageOf(error)}.`,
      range: startOfFile(join(folder, 'Chart.yaml')),
      cause: error,
    });
  }
}

/** Follows symbolic links, as Helm does, but none that leads back into a folder it came through. */
async function readTree(folder: string, prefix: string, through: ReadonlySet<string>): Promise<[string, Buffer][]> {
  const real = await realpath(folder);
  if (through.has(real)) return [];
  const inside = new Set(through).add(real);
  const names = (await readdir(folder)).filter((name) => name !== '.git');
  const parts = await Promise.all(
    names.map(async (name): Promise<[string, Buffer][]> => {
      const path = join(folder, name);
      const kind = await stat(path);
      if (kind.isDirectory()) return readTree(path, `${prefix}${name}/`, inside);
      return kind.isFile() ? [[prefix + name, await readFile(path)]] : [];
    }),
  );
  return parts.flat();
}

async function readValuesFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Failure({
      code: 'values-file-unreadable',
      fault: 'app',
      summary: `The values file cannot be read: ${messageOf(error)}.`,
      range: startOfFile(file),
      cause: error,
    });
  }
}

function parseLeniently(content: Buffer): unknown {
  try {
    return parse(content.toString('utf8'));
  } catch {
    // Helm reads the same file and says what is wrong with it, with the line.
    return undefined;
  }
}
