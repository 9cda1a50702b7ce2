import { Failure } from '../base';
import { releaseHistory, type Helm, type HelmOptions, type KubeApi, type ReleaseRecord } from '../tools';
import { helmFailure } from './helm-failure';

/** One release and the Helm that changes it. */
export interface ReleaseHandle {
  readonly helm: Helm;
  readonly release: string;
  readonly namespace: string;
}

/** Label of a release's record that names the content of the revision. */
export const CONTENT_LABEL = 'vapp-content';
/** Label of a release's record that names the content of the revision without its image. */
export const CONFIG_LABEL = 'vapp-config';

/** The revision that serves while a newer one is being made, or was left half made. */
export function servingRevision(history: readonly ReleaseRecord[]): ReleaseRecord | undefined {
  return history.find(({ status }) => status === 'deployed') ?? history.find(({ status }) => status === 'superseded');
}

/** The revision whose objects are to be looked at: the latest, unless its making failed or is not done. */
export function relevantRevision(history: readonly ReleaseRecord[]): ReleaseRecord | undefined {
  const [latest] = history;
  return latest?.status === 'deployed' ? latest : (servingRevision(history) ?? latest);
}

/** Whether a process ended in the midst of changing the release. */
export function isHalfMade(record: ReleaseRecord | undefined): boolean {
  return record !== undefined && (record.status.startsWith('pending-') || record.status === 'uninstalling');
}

/** Brings a release back to an earlier revision, or takes it away when there is none to go back to. */
export async function bringBack(
  { helm, release, namespace }: ReleaseHandle,
  to: ReleaseRecord | undefined,
  options: HelmOptions,
): Promise<void> {
  try {
    if (to) await helm.rollback(release, namespace, to.revision, options);
    else await helm.uninstall(release, namespace, options);
  } catch (error) {
    throw helmFailure(error, { release });
  }
}

/**
 * Takes back a revision that was begun after `before` was read and does not serve yet. The signal that cancelled its
 * making must not stop this, so it has time limits of its own.
 */
export async function undo(api: KubeApi, handle: ReleaseHandle, before: readonly ReleaseRecord[]): Promise<void> {
  const signal = AbortSignal.timeout(UNDO_TIMEOUT_MS);
  const [latest] = await releaseHistory(api, handle.release, handle.namespace, signal);
  if (latest === undefined) return;
  const ours = (before[0]?.revision ?? 0) + 1;
  const isOurs = latest.revision === ours;
  const isRepairCutShort = latest.revision < ours && isHalfMade(latest);
  // A newer revision than ours is somebody else's, and so is what it replaced.
  if (isOurs || isRepairCutShort) await bringBack(handle, servingRevision(before), { timeoutMs: UNDO_TIMEOUT_MS });
}

const UNDO_TIMEOUT_MS = 60_000;

/**
 * Repairs a release that a crash left half made; nothing happens to a sound one.
 *
 * @returns what was done, in words, if anything was.
 */
export async function repair(
  handle: ReleaseHandle,
  history: readonly ReleaseRecord[],
  options: HelmOptions,
): Promise<string | undefined> {
  const [latest] = history;
  if (!latest || !isHalfMade(latest)) return undefined;
  const serving = latest.status === 'uninstalling' ? undefined : servingRevision(history);
  await bringBack(handle, serving, options);
  const state = `Release ${handle.release} had been left ${latest.status} in revision ${latest.revision}`;
  return serving ? `${state}; it was rolled back to revision ${serving.revision}.` : `${state}; it was uninstalled.`;
}

/**
 * The revision to roll back to: the one named, else the newest before the latest that was once in service.
 *
 * @throws Failure `nothing-to-roll-back`, `revision-not-found`.
 */
export function rollbackTarget(release: string, history: readonly ReleaseRecord[], wanted?: number): ReleaseRecord {
  if (wanted !== undefined) {
    const named = history.find(({ revision }) => revision === wanted);
    if (named) return named;
    throw new Failure({
      code: 'revision-not-found',
      fault: 'usage',
      summary: `Release ${release} has no revision ${wanted}.`,
      evidence: history.map(({ revision, status, updated }) => `revision ${revision}: ${status}, ${updated}`),
    });
  }
  const content = history[0]?.labels[CONTENT_LABEL];
  const served = history.slice(1).filter(({ status }) => status === 'deployed' || status === 'superseded');
  // Revisions of the same content differ in the image of their tests alone: the app would stay what it is.
  const previous = served.find(({ labels }) => content === undefined || labels[CONTENT_LABEL] !== content) ?? served[0];
  if (previous) return previous;
  throw new Failure({
    code: 'nothing-to-roll-back',
    fault: 'usage',
    summary:
      history.length === 0
        ? `Nothing can be rolled back: there is no release ${release}.`
        : `Nothing can be rolled back: release ${release} has no earlier revision that was in service.`,
    evidence: history.map(({ revision, status, updated }) => `revision ${revision}: ${status}, ${updated}`),
  });
}
