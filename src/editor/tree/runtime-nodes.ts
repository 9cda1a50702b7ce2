import type { EnginePicture, NodePicture, RuntimePicture, ServicePicture } from '../../state';
import { runtimeWord } from '../words';
import { expandable, row, type L10n, type Tone, type TreeNode } from './node';
import { failureLines, failureNode, runtimeTrouble } from './trouble-nodes';

export interface RuntimeSurroundings {
  readonly l10n: L10n;
  readonly prefix: string;
  /** What a job of this window is doing to it, in words; undefined: nothing. */
  readonly work: string | undefined;
}

/** The runtime with its cluster, nodes, registry and services. */
export function runtimeNode(
  runtime: RuntimePicture,
  engine: EnginePicture,
  { l10n, prefix, work }: RuntimeSurroundings,
): TreeNode {
  const id = `${prefix}/runtime`;
  const failure = runtimeTrouble(runtime, engine);
  const word = runtimeWord(runtime, l10n);
  const moving = work !== undefined || runtime.activity !== undefined;
  const { icon, tone } = moving ? MOVING : LOOKS[runtime.state];
  const description = work ?? word;
  const children = [
    ...(failure ? [failureNode(failure, `${id}/failure`, {}, l10n)] : []),
    ...(runtime.nodes.length === 0 ? [] : [clusterNode(runtime, id, l10n)]),
    ...(runtime.registry ? [registryNode(runtime.registry.push, id, l10n)] : []),
    ...runtime.services.map((service) => serviceNode(service, id, l10n)),
  ];
  return row({
    id: expandable(id, children),
    label: l10n.t('Runtime'),
    description,
    icon,
    ...(tone ? { tone } : {}),
    context: ['runtime', runtime.state, ...(moving ? ['busy'] : [])].join('.'),
    tooltip: [
      ...(runtime.cluster === undefined ? [] : [{ name: l10n.t('Cluster'), value: runtime.cluster }]),
      { name: l10n.t('State'), value: word },
      ...failureLines(failure, l10n),
    ],
    spoken: `${l10n.t('Runtime')}, ${description}`,
    subject: {},
    open: true,
    children,
  });
}

const LOOKS: Record<RuntimePicture['state'], { icon: string; tone?: Tone }> = {
  running: { icon: 'vm-running', tone: 'good' },
  stopped: { icon: 'vm-outline', tone: 'faint' },
  absent: { icon: 'circle-large-outline', tone: 'faint' },
  unknown: { icon: 'question', tone: 'warning' },
};
const MOVING: { icon: string; tone?: Tone } = { icon: 'loading~spin' };

function clusterNode(runtime: RuntimePicture, parent: string, l10n: L10n): TreeNode {
  const id = `${parent}/cluster`;
  return row({
    id,
    label: l10n.t('Cluster'),
    description: runtime.cluster ?? '',
    icon: 'server-environment',
    context: 'cluster',
    ...(runtime.access
      ? {
          tooltip: [
            { name: l10n.t('Context'), value: runtime.access.context },
            { name: l10n.t('Kubeconfig'), value: runtime.access.kubeconfig },
          ],
        }
      : {}),
    subject: {},
    children: runtime.nodes.map((node) => machineNode(node, id, l10n)),
  });
}

function machineNode({ name, role, state, ready }: NodePicture, parent: string, l10n: L10n): TreeNode {
  const words = ready === undefined ? state : ready ? l10n.t('ready') : l10n.t('not ready');
  return row({
    id: `${parent}/node/${name}`,
    label: name,
    description: `${role} · ${words}`,
    icon: 'server',
    ...(ready === true ? { tone: 'good' } : {}),
    context: 'node',
    subject: {},
    children: [],
  });
}

function registryNode(address: string, parent: string, l10n: L10n): TreeNode {
  return row({
    id: `${parent}/registry`,
    label: l10n.t('Registry'),
    description: address,
    icon: 'database',
    context: 'registry',
    subject: {},
    children: [],
  });
}

function serviceNode({ id, cluster, local, ready }: ServicePicture, parent: string, l10n: L10n): TreeNode {
  const words = ready === undefined ? undefined : ready ? l10n.t('ready') : l10n.t('not ready');
  const address = local ?? cluster;
  const description = [...(address === undefined ? [] : [address]), ...(ready === false && words ? [words] : [])].join(
    ' · ',
  );
  return row({
    id: `${parent}/service/${id}`,
    label: id,
    description,
    icon: ready === false ? 'loading~spin' : 'plug',
    ...(ready === true ? { tone: 'good' } : {}),
    context: address === undefined ? 'service' : 'service.address',
    tooltip: [
      { name: l10n.t('Service'), value: id },
      ...(cluster === undefined ? [] : [{ name: l10n.t('In the cluster'), value: cluster }]),
      ...(local === undefined ? [] : [{ name: l10n.t('On this machine'), value: local }]),
      ...(words === undefined ? [] : [{ name: l10n.t('State'), value: words }]),
    ],
    spoken: [id, description, ...(words === undefined ? [] : [words])].filter(Boolean).join(', '),
    subject: { service: id },
    children: [],
  });
}
