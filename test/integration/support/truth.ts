import type { TreeNode } from '../../../src/editor/tree/node';
import type { WorkspaceStatus } from '../../../src/run';
import { all } from '../../unit/editor/tree-fakes';
import type { TestWindow } from './window';

/** What is there of an app: the same by the tree and by the cluster. */
export interface AppTruth {
  readonly revision: number | undefined;
  readonly image: string | undefined;
  /** Name, whether it is on its way out, and the names of its containers. */
  readonly pods: readonly string[];
}

/** What the tree says. */
export function shownTruth({ api }: TestWindow): AppTruth {
  const rows = all(api.tree.nodes);
  const release = rows.find(({ context }) => /^release\b/.test(context));
  const pods = rows.filter(({ context }) => context === 'pod');
  return {
    revision: release && Number(/\d+/.exec(release.description ?? '')?.[0]),
    image: rows.find(({ context }) => context === 'image')?.tooltip?.[0]?.value,
    pods: pods.map((pod) => podText(pod.label, pod.description === 'ending', namesOf(pod.children))).sort(),
  };

  function namesOf(children: readonly TreeNode[]): string[] {
    return children.filter(({ context }) => context.startsWith('container')).map(({ label }) => label);
  }
}

interface List<T> {
  readonly items: readonly T[];
}
interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: PodSpec;
}
interface PodSpec {
  readonly containers: readonly { readonly name: string; readonly image: string }[];
}
interface DeploymentObject {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

/** What the cluster says, asked by other programs than ours and, for the release, by another process. */
export async function clusterTruth(window: TestWindow): Promise<AppTruth> {
  const { id, namespace } = window.app;
  const selection = ['-n', namespace, '-l', `app.kubernetes.io/instance=${id}`, '-o', 'json'];
  const [pods, deployments, status] = await Promise.all([
    window.kubectl('get', 'pods', ...selection).then((text) => JSON.parse(text) as List<PodObject>),
    window.kubectl('get', 'deployments', ...selection).then((text) => JSON.parse(text) as List<DeploymentObject>),
    statusOf(window),
  ]);
  return {
    revision: status.apps.find((app) => app.id === id)?.release?.revision,
    image: deployments.items[0]?.spec.template.spec.containers[0]?.image,
    pods: pods.items
      .map(({ metadata, spec }) =>
        podText(
          metadata.name,
          metadata.deletionTimestamp !== undefined,
          spec.containers.map(({ name }) => name),
        ),
      )
      .sort(),
  };
}

async function statusOf(window: TestWindow): Promise<WorkspaceStatus> {
  const lines = (await window.vapp('status', '--output', 'json')).trim().split('\n');
  return (JSON.parse(lines.at(-1) ?? '') as { value: WorkspaceStatus }).value;
}

function podText(name: string, ending: boolean, containers: readonly string[]): string {
  return `${name}${ending ? ' ending' : ''}: ${containers.join(', ')}`;
}
