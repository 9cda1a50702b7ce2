import type { ClusterAccess } from './cluster';
import type { RunOptions } from './process';
import type { Toolbox } from './toolbox';

export interface HelmUpgrade {
  readonly release: string;
  readonly namespace: string;
  readonly chartPath: string;
  readonly valuesFiles: readonly string[];
  /** Nested values; they win over the files. Handed to Helm by standard input, never as arguments. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Labels of the release record (Helm 3.13 and later). */
  readonly labels?: Readonly<Record<string, string>>;
}
export type HelmOptions = Pick<RunOptions, 'signal' | 'onLine' | 'timeoutMs'>;
