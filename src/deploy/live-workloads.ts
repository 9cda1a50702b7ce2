import { Failure } from '../base';
import type { KubeApi } from '../tools';
import { liveWorkload } from './inspect';
import { withLiveUpdate, withoutLiveUpdate, type LiveTemplate, type Replaced } from './live-template';
import type { WorkloadObject } from './objects';
import { workloadPath, type WorkloadReference } from './workloads';

/** Marks a workload whose pods take changes, or that waits for its next template; holds {@link Replaced}. */
const MARK = 'io.vscode-velocitas/live-update';
const MARK_PATH = `/metadata/annotations/${MARK.replace('/', '~1')}`;

/** Whether the pods of any of these are not those that their charts render. */
export async function areLiveUpdated(
  api: KubeApi,
  references: readonly WorkloadReference[],
  signal?: AbortSignal,
): Promise<boolean> {
  const found = await Promise.all(
    references.filter(isDeployment).map((reference) => liveWorkload(api, reference, signal)),
  );
  return found.some(isLiveUpdated);
}

function isLiveUpdated(workload: WorkloadObject | undefined): boolean {
  return workload?.metadata.annotations?.[MARK] !== undefined;
}

/**
 * Lets Deployments wait with new pods until {@link settle}: what Helm changes and what a live update changes shall make
 * one rollout. A mark tells of it, so that whoever comes after a crash knows what to do.
 */
export async function pause(
  api: KubeApi,
  references: readonly WorkloadReference[],
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all(
    references.filter(isDeployment).map(async (reference) => {
      const live = await liveWorkload(api, reference, signal);
      if (!live) return;
      const marked = isLiveUpdated(live) ? [] : mark(live, {});
      await patch(api, reference, [...marked, { op: 'add', path: '/spec/paused', value: true }], signal);
    }),
  );
}

/** Gives Deployments the pods that they are to have, those of a live update or those of the chart, and lets them go on. */
export async function settle(
  api: KubeApi,
  references: readonly WorkloadReference[],
  wanted: LiveTemplate | undefined,
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all(
    references.filter(isDeployment).map(async (reference) => {
      const live = await liveWorkload(api, reference, signal);
      if (!live?.spec?.template) return;
      const own = withoutLiveUpdate(live.spec.template, replacedIn(live));
      const next = wanted && withLiveUpdate(own, wanted);
      const marked = isLiveUpdated(live);
      if (!next && !marked) return;
      await patch(
        api,
        reference,
        [
          { op: 'replace', path: '/spec/template', value: next?.template ?? own },
          ...(next ? mark(live, next.replaced) : [{ op: 'remove', path: MARK_PATH } as const]),
          { op: 'add', path: '/spec/paused', value: false },
        ],
        signal,
      );
    }),
  );
}

/**
 * Lets Deployments that wait go on with the pods that they have, where what they waited for has failed. Where that
 * cannot be done either, the mark tells the next one who deploys.
 */
export async function goOn(api: KubeApi, references: readonly WorkloadReference[]): Promise<void> {
  for (const reference of references.filter(isDeployment)) {
    try {
      await patch(api, reference, [{ op: 'add', path: '/spec/paused', value: false }]);
    } catch (error) {
      // What has failed before counts.
      if (!(error instanceof Failure)) throw error;
    }
  }
}

type Operation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

function mark({ metadata }: WorkloadObject, replaced: Partial<Replaced>): Operation[] {
  const value = JSON.stringify(replaced);
  return metadata.annotations
    ? [{ op: 'add', path: MARK_PATH, value }]
    : [{ op: 'add', path: '/metadata/annotations', value: { [MARK]: value } }];
}

function replacedIn({ metadata }: WorkloadObject): Replaced | undefined {
  try {
    return JSON.parse(metadata.annotations?.[MARK] ?? '{}') as Replaced;
  } catch {
    // Somebody else has written there; what the chart says of the command comes with the next revision.
    return undefined;
  }
}

async function patch(
  api: KubeApi,
  { kind, namespace, name }: WorkloadReference,
  operations: readonly Operation[],
  signal?: AbortSignal,
): Promise<void> {
  await api.patch(workloadPath(kind, namespace, name), operations, signal);
}

/** Other kinds cannot wait: their pods are always those of the chart. */
function isDeployment({ kind }: WorkloadReference): boolean {
  return kind === 'Deployment';
}
