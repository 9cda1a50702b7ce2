import type { ContainerDetails } from '../../deploy';
import type { PodPicture } from '../../state';
import { momentText, row, type L10n, type Tone, type TreeNode } from './node';
import { failureLines, failureNode } from './trouble-nodes';

export interface PodSurroundings {
  readonly l10n: L10n;
  /** Id of the node above. */
  readonly parent: string;
  /** Id of the app. */
  readonly app: string;
}

/** With more pods than these each is closed at first, so that the view is not full of one app. */
const FEW = 6;

interface DrawnPod {
  readonly parent: string;
  readonly isClosed: boolean;
  readonly node: TreeNode;
}

/** Of a picture that is still the same object nothing has changed. */
const drawn = new WeakMap<PodPicture, DrawnPod>();

/** An app's pods with why each fails and its containers: the same row as before for the same picture at the same place. */
export function podNodes(pods: readonly PodPicture[], surroundings: PodSurroundings): readonly TreeNode[] {
  const { parent } = surroundings;
  const isClosed = pods.length > FEW;
  const nodes: TreeNode[] = [];
  for (const pod of pods) {
    let known = drawn.get(pod);
    if (known?.parent !== parent || known.isClosed !== isClosed) {
      known = { parent, isClosed, node: newNode(pod, surroundings, isClosed) };
      drawn.set(pod, known);
    }
    nodes.push(known.node);
  }
  return nodes;
}

function newNode(pod: PodPicture, { l10n, parent, app }: PodSurroundings, isClosed: boolean): TreeNode {
  const { name, failure, deleting } = pod;
  const id = `${parent}/pod/${name}`;
  const words = deleting ? l10n.t('ending') : (pod.reason ?? pod.phase);
  const { icon, tone } = podLooks(pod);
  const subject = { app, pod: name };
  return row({
    id,
    label: name,
    description: words,
    icon,
    ...(tone ? { tone } : {}),
    context: 'pod',
    tooltip: [
      { name: l10n.t('Pod'), value: name },
      { name: l10n.t('State'), value: words },
      { name: l10n.t('Since'), value: momentText(pod.createdAt) },
      ...failureLines(failure, l10n),
    ],
    spoken: `${l10n.t('Pod')} ${name}, ${words}`,
    subject,
    open: !deleting && (failure !== undefined || !isClosed),
    children: [
      ...(failure && !deleting ? [failureNode(failure, `${id}/failure`, subject, l10n)] : []),
      ...pod.containers.map((container) => containerNode(container, name, id, app, l10n)),
    ],
  });
}

function podLooks(pod: PodPicture): { icon: string; tone?: Tone } {
  if (pod.deleting) return { icon: 'circle-slash', tone: 'faint' };
  if (pod.failure) return { icon: 'error', tone: 'bad' };
  if (pod.ready) return { icon: 'pass', tone: 'good' };
  return pod.phase === 'Succeeded' ? { icon: 'check', tone: 'faint' } : { icon: 'loading~spin' };
}

function containerNode(container: ContainerDetails, pod: string, parent: string, app: string, l10n: L10n): TreeNode {
  const { name, kind, state, restarts, image } = container;
  const words = containerWords(container, l10n);
  const { icon, tone } = containerLooks(container);
  return row({
    id: `${parent}/container/${name}`,
    label: name,
    description: words,
    icon,
    ...(tone ? { tone } : {}),
    context: ['container', state, ...(restarts > 0 ? ['restarted'] : [])].join('.'),
    tooltip: [
      { name: l10n.t('Container'), value: kind === 'main' ? name : `${name} (${kind})` },
      { name: l10n.t('State'), value: words },
      { name: l10n.t('Image'), value: image },
    ],
    spoken: `${l10n.t('Container')} ${name}, ${words}`,
    subject: { app, pod, container: name },
    children: [],
  });
}

function containerWords({ kind, state, ready, restarts, reason, exitCode, exitReason }: ContainerDetails, l10n: L10n) {
  const ended = state === 'terminated' || restarts > 0;
  return [
    ...(kind === 'main' ? [] : [kind]),
    reason ?? (state === 'running' && !ready && kind === 'main' ? l10n.t('running, not ready') : state),
    ...(restarts > 0 ? [restarts === 1 ? l10n.t('1 restart') : l10n.t('{0} restarts', restarts)] : []),
    ...(ended && exitCode !== undefined ? [l10n.t('exit code {0}', exitCode)] : []),
    ...(ended && exitReason !== undefined && exitReason !== reason ? [exitReason] : []),
  ].join(' · ');
}

function containerLooks({ state, ready, exitCode, reason }: ContainerDetails): { icon: string; tone?: Tone } {
  if (state === 'running') return ready ? { icon: 'vm-running', tone: 'good' } : { icon: 'vm-connect' };
  if (state === 'terminated') return exitCode === 0 ? { icon: 'check', tone: 'faint' } : { icon: 'error', tone: 'bad' };
  const starting = reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing';
  return starting ? { icon: 'vm-outline' } : { icon: 'warning', tone: 'warning' };
}
