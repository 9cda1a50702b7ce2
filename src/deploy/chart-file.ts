import { join } from 'node:path';
import { isOutside } from '../project';

/**
 * The file of a chart that a text names, absolute; undefined for a path that leads out of the chart. A chart can make
 * Helm say what it likes, so no such path is to be trusted.
 *
 * @param path below the chart, with slashes.
 */
export function chartFile(chartPath: string, path: string): string | undefined {
  const file = join(chartPath, path);
  return isOutside(chartPath, file) ? undefined : file;
}
