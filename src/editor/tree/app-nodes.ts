import type { Failure } from '../../base';
import type { AppPicture, PodPicture, ReleasePicture, RuntimePicture, Trouble } from '../../state';
import type { LivePicture } from '../live-state';
import { runtimeWord } from '../words';
import { expandable, momentText, row, type L10n, type TooltipLine, type Tone, type TreeNode } from './node';
import { podNodes } from './pod-nodes';
import { failureLines, failureNode, problemNode } from './trouble-nodes';

/** What the tree shows of a forwarded port. */
export interface ForwardPicture {
  readonly app: string;
  readonly podPort: number;
  /** Unique among the forwarded ports. */
  readonly address: string;
}

/** What is known of an app besides its picture. */
export interface AppSurroundings {
  readonly l10n: L10n;
  /** Begins the ids of its nodes. */
  readonly prefix: string;
  /** What a job of this window is doing to it, in words; undefined: nothing. */
  readonly work: string | undefined;
  /** The live update that brings saved files into it; undefined: none. */
  readonly live: LivePicture | undefined;
  readonly forwards: readonly ForwardPicture[];
  /** Where it runs. */
  readonly runtime: RuntimeKnowledge;
}

/** Whether what a picture says of releases and pods is all there is. */
export type RuntimeKnowledge = Pick<RuntimePicture, 'state' | 'followed'>;

/** How an app is, in one word. */
export type AppState = 'absent' | 'serving' | 'updating' | 'failing';

/** Whether all pods that are wanted serve, some are still on their way, or one never will. */
export function appState(app: AppPicture): AppState {
  const { release, workloads } = app;
  if (!release) return 'absent';
  if (release.status === 'failed' || failureOf(app)) return 'failing';
  if (release.status !== 'deployed') return 'updating';
  return workloads.every(({ ready, wanted }) => ready >= wanted) ? 'serving' : 'updating';
}

/** The state of an app in some words. */
export function appWords(app: AppPicture, runtime: RuntimeKnowledge, l10n: L10n): string {
  return wordsOf(app, runtime, l10n, readyWords(app, l10n));
}

function wordsOf(app: AppPicture, runtime: RuntimeKnowledge, l10n: L10n, ready: readonly string[]): string {
  const { release } = app;
  if (!release) return isKnown(runtime) ? l10n.t('not deployed') : runtimeWord(unknownUnlessStopped(runtime), l10n);
  const words = [l10n.t('revision {0}', release.revision), ...ready];
  if (appState(app) === 'failing') words.push(failingPod(app)?.reason ?? (refusalOf(app) ? NO_PODS : release.status));
  return words.join(' · ');
}

/** How many pods are ready of those that are wanted. */
function readyWords({ workloads }: AppPicture, l10n: L10n): readonly string[] {
  const ready = workloads.reduce((sum, workload) => sum + workload.ready, 0);
  const wanted = workloads.reduce((sum, workload) => sum + workload.wanted, 0);
  return wanted > 0 ? [l10n.t('{0}/{1} ready', ready, wanted)] : [];
}

/**
 * With more pods than these, the row of the release says how many are ready, and not the app's own: with a row the editor
 * draws all below it, and each pod that becomes ready would draw every other.
 */
const MANY = 20;

/** An app with its problems, image, release, pods and forwarded ports. */
export function appNode(app: AppPicture, surroundings: AppSurroundings): TreeNode {
  const { l10n, prefix, work, live, runtime } = surroundings;
  const id = `${prefix}/app/${app.id}`;
  const state = appState(app);
  const { icon, tone } = work === undefined ? LOOKS[state] : BUSY;
  const ready = readyWords(app, l10n);
  const isCrowded = app.pods.length > MANY;
  const words = wordsOf(app, runtime, l10n, isCrowded ? [] : ready);
  const description = work ?? (live ? `${l10n.t('live')} · ${words}` : words);
  const deployed = state === 'absent' ? 'absent' : 'deployed';
  const ofUpdate = (live?.troubles ?? []).map((failure): Trouble => ({ severity: 'warning', failure }));
  const troubles = [...app.troubles, ...ofUpdate];
  const children = [
    ...app.problems.map((problem, index) => problemNode(problem, `${id}/problem/${index}`, { app: app.id }, l10n)),
    ...troubles.map(({ failure, severity }, index) =>
      failureNode(failure, `${id}/trouble/${index}`, { app: app.id }, l10n, severity),
    ),
    ...(app.image === undefined ? [] : [imageNode(app.image, id, app.id, l10n)]),
    ...(app.release ? [releaseNode(app.release, isCrowded ? ready : [], id, app.id, l10n)] : []),
    ...podNodes(app.pods, { parent: id, app: app.id, l10n }),
    ...surroundings.forwards.map((forward) => forwardNode(forward, id, l10n)),
  ];
  return row({
    id: expandable(id, children),
    label: app.name,
    description,
    icon,
    ...(tone ? { tone } : {}),
    context: [
      'app',
      deployed,
      ...(work === undefined ? [] : ['busy']),
      ...(live ? ['live'] : []),
      app.files.chart === undefined ? 'builtin' : 'chart',
    ].join('.'),
    tooltip: appTooltip(app, l10n),
    spoken: `${app.name}, ${description}`,
    subject: { app: app.id },
    open: true,
    children,
  });
}

const LOOKS: Record<AppState, { icon: string; tone?: Tone }> = {
  absent: { icon: 'circle-large-outline', tone: 'faint' },
  serving: { icon: 'pass-filled', tone: 'good' },
  updating: { icon: 'loading~spin' },
  failing: { icon: 'error', tone: 'bad' },
};
const BUSY: { icon: string; tone?: Tone } = { icon: 'loading~spin' };

/** The same picture is asked about several times, and may have many pods. */
const failingPods = new WeakMap<AppPicture, { readonly pod: PodPicture | undefined }>();

function failingPod(app: AppPicture): PodPicture | undefined {
  const known = failingPods.get(app) ?? { pod: app.pods.find(isFailing) };
  failingPods.set(app, known);
  return known.pod;
}

/** A pod that is on its way out fails nobody any more. */
function isFailing(pod: PodPicture): boolean {
  return pod.failure !== undefined && !pod.deleting;
}

/** Why it cannot serve. */
function failureOf(app: AppPicture): Failure | undefined {
  return failingPod(app)?.failure ?? refusalOf(app);
}

/** Why pods cannot even be created. */
function refusalOf({ troubles }: AppPicture): Failure | undefined {
  return troubles.find(({ severity }) => severity === 'error')?.failure;
}

/** Kubernetes' own word, as the reasons of pods are. */
const NO_PODS = 'FailedCreate';

/** Nothing is deployed where there is no runtime; of one that is not followed nobody knows. */
function isKnown({ state, followed }: RuntimeKnowledge): boolean {
  return followed || state === 'absent';
}

function unknownUnlessStopped({ state }: RuntimeKnowledge): Pick<RuntimePicture, 'state'> {
  return { state: state === 'stopped' ? 'stopped' : 'unknown' };
}

function appTooltip(app: AppPicture, l10n: L10n): TooltipLine[] {
  const { name, id, namespace, image, release } = app;
  return [
    { value: name },
    { name: l10n.t('Release'), value: `${id} (${namespace})` },
    ...(release ? [{ name: l10n.t('Revision'), value: `${release.revision}, ${release.status}` }] : []),
    ...(image === undefined ? [] : [{ name: l10n.t('Image'), value: image }]),
    ...failureLines(failureOf(app) ?? app.troubles[0]?.failure, l10n),
  ];
}

function imageNode(image: string, parent: string, app: string, l10n: L10n): TreeNode {
  const [name = image, digest = ''] = image.split('@');
  const short = digest.replace(/^sha256:/, '').slice(0, SHORT_DIGEST);
  return row({
    id: `${parent}/image`,
    label: l10n.t('Image'),
    description: `${name.split('/').at(-1) ?? name}${short === '' ? '' : `@${short}`}`,
    icon: 'package',
    context: 'image',
    tooltip: [{ value: image }],
    subject: { app },
    children: [],
  });
}

const SHORT_DIGEST = 12;

function releaseNode(
  release: ReleasePicture,
  ready: readonly string[],
  parent: string,
  app: string,
  l10n: L10n,
): TreeNode {
  const { revision, status, updated, chart } = release;
  const failed = status === 'failed';
  return row({
    id: `${parent}/release`,
    label: l10n.t('Release'),
    description: [l10n.t('revision {0}', revision), status, ...ready, ...(chart === undefined ? [] : [chart])].join(
      ' · ',
    ),
    icon: failed ? 'error' : 'tag',
    ...(failed ? { tone: 'bad' } : {}),
    context: revision > 1 ? 'release.rollback' : 'release',
    tooltip: [
      { name: l10n.t('Release'), value: app },
      { name: l10n.t('Revision'), value: `${revision}, ${status}` },
      { name: l10n.t('Since'), value: momentText(updated) },
      ...(chart === undefined ? [] : [{ name: l10n.t('Chart'), value: chart }]),
    ],
    subject: { app },
    children: [],
  });
}

function forwardNode({ app, podPort, address }: ForwardPicture, parent: string, l10n: L10n): TreeNode {
  return row({
    id: `${parent}/forward/${address}`,
    label: address,
    description: l10n.t('forwarded to port {0}', podPort),
    icon: 'plug',
    context: 'forward',
    subject: { app, forward: address },
    children: [],
  });
}
