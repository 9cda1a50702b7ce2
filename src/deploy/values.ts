import type { ImageValues } from '../project';
import type { DeployRequest } from './types';

export type Values = Record<string, unknown>;

/**
 * The values that Helm gets on top of the values files, nested. Later ones win: our defaults (unless a values file sets
 * the same), the user's values from `vapp.yaml`, the image.
 *
 * @param fileValues the parsed values files of the request.
 */
export function deployValues(
  request: Pick<DeployRequest, 'chart' | 'image' | 'defaults'>,
  fileValues: readonly unknown[],
): Values {
  const values = nested(request.defaults);
  for (const set of fileValues) dropLeaves(values, set);
  merge(values, nested(request.chart.values));
  merge(values, nested(imageParts(request.chart.imageValues, request.image)));
  return values;
}

/** Image parts by dotted path, in the forms that {@link ImageValues} describes. */
export function imageParts(paths: ImageValues, image: { repository: string; digest: string }): Values {
  const [algorithm = '', hexadecimal = ''] = image.digest.split(':');
  const tagIsTheVersion = paths.tag !== undefined && paths.digest === undefined && paths.reference === undefined;
  const splitAtDigest = tagIsTheVersion && paths.repository !== undefined;
  const parts: Values = {};
  const put = (path: string | undefined, value: string) => {
    if (path !== undefined) parts[path] = value;
  };
  put(paths.repository, splitAtDigest ? `${image.repository}@${algorithm}` : image.repository);
  put(paths.tag, splitAtDigest ? hexadecimal : hexadecimal.slice(0, 12));
  put(paths.digest, image.digest);
  put(paths.reference, `${image.repository}@${image.digest}`);
  put(paths.pullPolicy, 'IfNotPresent');
  return parts;
}

/** Turns values by dotted path into nested ones; a dot that belongs to a name is written `\.`, as for `helm --set`. */
export function nested(byPath: Readonly<Values>): Values {
  const result: Values = {};
  for (const [path, value] of Object.entries(byPath)) {
    const keys = path.split(/(?<!\\)\./).map((key) => key.replaceAll('\\.', '.'));
    merge(
      result,
      keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), structuredClone(value)),
    );
  }
  return result;
}

function merge(target: Values, source: unknown): void {
  if (!isMap(source)) return;
  for (const [key, value] of Object.entries(source)) {
    const present = own(target, key);
    if (isMap(present) && isMap(value)) merge(present, value);
    else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  }
}

/** A file may name keys like `__proto__`, which are no more than that: what all objects inherit is out of its reach. */
function own(values: Values, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function dropLeaves(target: Values, set: unknown): void {
  if (!isMap(set)) return;
  for (const [key, value] of Object.entries(set)) {
    const present = own(target, key);
    if (isMap(present) && isMap(value)) dropLeaves(present, value);
    else Reflect.deleteProperty(target, key);
  }
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
