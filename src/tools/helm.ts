import { join } from 'node:path';
import { Failure } from '../base';
import { directoryOf, type ClusterAccess } from './cluster';
import { releaseRecord, type ReleaseRecord, type ReleaseSecret } from './helm-record';
import { KubeApi } from './kube-api';
import type { CommandResult, RunOptions } from './process';
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
  /** Keep the values of the revision before; `values` win over those. */
  readonly reuseValues?: boolean;
}

/** `timeoutMs` limits what Helm itself waits for (hooks); Helm is ended when it does not keep to it. */
export type HelmOptions = Pick<RunOptions, 'signal' | 'onLine' | 'timeoutMs'>;

/**
 * Helm 3 or 4, always on one named cluster. It never waits for workloads: whoever deploys watches them.
 *
 * Helm 4 would apply on the server's side, where a hand-made change such as `kubectl scale` makes the next upgrade fail
 * with a conflict. `--server-side=false` keeps to the three-way merge of Helm 3, so both versions behave alike.
 */
export class Helm {
  constructor(
    private readonly toolbox: Toolbox,
    private readonly access: ClusterAccess,
  ) {}

  /**
   * Installs or upgrades, in a cluster of ours creating the namespace if need be, and returns as soon as Kubernetes has the objects.
   *
   * @throws Cancelled, ToolFailure `tool-failed` with Helm's own words in `stderr`.
   */
  async upgradeInstall(upgrade: HelmUpgrade, options: HelmOptions = {}): Promise<{ revision: number }> {
    const { release, namespace, chartPath, valuesFiles, values, labels = {}, reuseValues = false } = upgrade;
    const labelArgs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const { stdout } = await this.run(
      [
        ...['upgrade', release, chartPath, '--install'],
        // Whoever may use one namespace of a shared cluster need not be allowed to make any.
        ...(this.access.foreign ? [] : ['--create-namespace']),
        ...['--namespace', namespace],
        ...valuesFiles.flatMap((file) => ['--values', csvField(file)]),
        ...['--values', '-'],
        ...(reuseValues ? ['--reuse-values'] : []),
        ...(labelArgs.length > 0 ? ['--labels', labelArgs.join(',')] : []),
        ...(await this.clientSideApply()),
        ...timeoutArgs(options),
      ],
      { ...options, stdin: JSON.stringify(values) },
    );
    const revision = /^REVISION: (\d+)$/m.exec(stdout)?.[1];
    if (revision === undefined) {
      throw new Failure({
        code: 'helm-output-unreadable',
        fault: 'environment',
        summary: `Helm did not say which revision of ${release} it made.`,
        evidence: stdout.trim().split('\n').slice(-20),
        nextSteps: ['Check the version of Helm: `helm version`; 3.13 and later and 4 are supported.'],
      });
    }
    return { revision: Number(revision) };
  }

  /**
   * The revisions that Kubernetes still holds, newest first; empty when there is no such release. No process is run.
   *
   * @throws KubeApiFailure, Failure `cluster-unreachable`.
   */
  async history(release: string, namespace: string, signal?: AbortSignal): Promise<ReleaseRecord[]> {
    const api = await KubeApi.open(this.access);
    try {
      return await releaseHistory(api, release, namespace, signal);
    } finally {
      api.close();
    }
  }

  /** Makes a new revision with the content of an older one; without `revision` of the one before the newest. */
  async rollback(release: string, namespace: string, revision: number | undefined, options: HelmOptions = {}) {
    await this.run(
      [
        ...['rollback', release, ...(revision === undefined ? [] : [String(revision)]), '--namespace', namespace],
        ...(await this.clientSideApply()),
        ...timeoutArgs(options),
      ],
      options,
    );
  }

  /** Removes a release with all its objects and its history; that there is none is no failure. */
  async uninstall(release: string, namespace: string, options: HelmOptions = {}): Promise<void> {
    const args = ['uninstall', release, '--namespace', namespace, '--ignore-not-found'];
    await this.run([...args, ...timeoutArgs(options)], options);
  }

  /**
   * Runs the tests of a release, and returns when they have passed. Helm 4 leaves the pods it made as Helm 3 does: by
   * the delete policy of each.
   *
   * @throws Cancelled, ToolFailure `tool-failed` when one has not, `tool-timeout`.
   */
  async test(release: string, namespace: string, options: HelmOptions = {}): Promise<void> {
    await this.run(['test', release, '--namespace', namespace, ...timeoutArgs(options)], options);
  }

  /**
   * The objects a chart renders to, as one YAML text. The cluster is not asked.
   *
   * @param broken whether it may be a text that is no YAML.
   */
  async template(
    upgrade: Omit<HelmUpgrade, 'labels' | 'reuseValues'>,
    { broken = false, ...options }: HelmOptions & { readonly broken?: boolean } = {},
  ): Promise<string> {
    const { release, namespace, chartPath, valuesFiles, values } = upgrade;
    const { stdout } = await this.run(
      [
        ...['template', release, chartPath, '--namespace', namespace],
        ...valuesFiles.flatMap((file) => ['--values', csvField(file)]),
        ...['--values', '-'],
        ...(broken ? ['--debug'] : []),
      ],
      { ...options, stdin: JSON.stringify(values), ...(broken ? { acceptExitCodes: [1] } : {}) },
    );
    return stdout;
  }

  private async clientSideApply(): Promise<string[]> {
    const version = await this.toolbox.version('helm');
    return version.startsWith('3.') ? [] : ['--server-side=false'];
  }

  private run(args: readonly string[], options: HelmOptions & { stdin?: string }): Promise<CommandResult> {
    const { kubeconfig, context } = this.access;
    return this.toolbox.run('helm', [...args, '--kubeconfig', kubeconfig, '--kube-context', context], {
      ...options,
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs + TIMEOUT_GRACE_MS }),
      env: { KUBECACHEDIR: join(directoryOf(this.access), 'cache') },
    });
  }
}

/** Reads a release's records over a connection that is open already; see {@link Helm.history}. */
export async function releaseHistory(
  api: KubeApi,
  release: string,
  namespace: string,
  signal?: AbortSignal,
): Promise<ReleaseRecord[]> {
  const { items } = await api.list<ReleaseSecret>(
    `/api/v1/namespaces/${namespace}/secrets`,
    { labelSelector: `owner=helm,name=${release}` },
    signal,
  );
  return items.map(releaseRecord).sort((a, b) => b.revision - a.revision);
}

/** Helm reads `--values` as fields of CSV: behind a comma would stand one more file. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function timeoutArgs({ timeoutMs }: HelmOptions): string[] {
  return timeoutMs === undefined ? [] : ['--timeout', `${Math.max(1, Math.ceil(timeoutMs / 1000))}s`];
}

const TIMEOUT_GRACE_MS = 5000;
