import { Failure, sleep } from '../base';
import { KubeApiFailure, type KubeApi, type ReleaseRecord } from '../tools';
import { CONFIG_LABEL } from './history';
import type { Container, PodTemplate } from './objects';
import { workloadPath, type WorkloadReference } from './workloads';

/** A container of a Deployment whose image is to be another one. */
export interface ImageChange {
  readonly workload: WorkloadReference;
  /** JSON pointer of the image in the Deployment. */
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/** What is to be deployed, as far as it decides about a head start. */
export interface WantedRevision {
  readonly image: { readonly repository: string; readonly digest: string };
  /** As {@link DeployContent.configHash}. */
  readonly configHash: string;
}

/**
 * What the next revision changes in the cluster, where that is the digest of one image in Deployments and nothing else;
 * empty where that is not certain:
 *
 * - the revision that serves must be the latest, and of the same chart and values;
 * - the revision before it must differ from it in no more than the digest: a template may ask for the time, for a
 *   random word or for the number of the revision;
 * - the digest must stand nowhere but in images of Deployments;
 * - no hook may be due, since Helm runs those before or after the change.
 *
 * @param history newest first.
 * @param serving the workloads of the revision that serves.
 */
export function imageChanges(
  history: readonly ReleaseRecord[],
  serving: readonly WorkloadReference[],
  { image, configHash }: WantedRevision,
): readonly ImageChange[] {
  const [latest, previous] = history;
  if (latest?.status !== 'deployed' || previous === undefined) return [];
  if (latest.labels[CONFIG_LABEL] !== configHash) return [];
  const { manifest, hooks = [] } = latest;
  if (hooks.some(({ events = [] }) => events.some((event) => UPGRADE_HOOKS.has(event)))) return [];

  const before = `${image.repository}@`;
  const digest = onlyDigest(manifest, before);
  const previousDigest = onlyDigest(previous.manifest, before);
  if (digest === undefined || previousDigest === undefined || digest === image.digest) return [];
  if (previous.manifest.replaceAll(previousDigest, digest) !== manifest) return [];

  const ours = serving.flatMap(imagesIn).filter((used) => used.image === before + digest);
  if (ours.some(({ workload }) => workload.kind !== 'Deployment')) return [];
  // A shorter form of it, such as a tag, begins like it.
  if (occurrences(manifest, shortForm(digest)) !== ours.length) return [];
  return ours.map(({ workload, path }) => ({ workload, path, from: before + digest, to: before + image.digest }));
}

/**
 * Deployments that have their new image before Helm begins: its process needs as long to get to work as Kubernetes to
 * start a pod, and both need the processor for it. Helm then merges the new manifest into objects that already are what
 * it says, and makes the revision.
 */
export class HeadStart {
  private readonly stopper = new AbortController();
  private watching: Promise<void> | undefined;

  private constructor(
    private readonly api: KubeApi,
    private readonly changes: readonly ImageChange[],
    /** Whether nothing is left for Helm to change. */
    readonly isWhole: boolean,
  ) {}

  /** Changes the images; undefined where certainly none was changed. */
  static async take(api: KubeApi, changes: readonly ImageChange[]): Promise<HeadStart | undefined> {
    const changed = await changeImages(api, changes);
    if (changed.every((one) => one === false)) return undefined;
    return new HeadStart(
      api,
      changes,
      changed.every((one) => one === true),
    );
  }

  /** What {@link watch} has begun. */
  get rollout(): Promise<void> | undefined {
    return this.watching;
  }

  /** Begins to watch the rollout; it ends with {@link stop} at the latest. */
  watch(begin: (signal: AbortSignal) => Promise<void>): void {
    this.watching = begin(this.stopper.signal);
    // Its rejection is taken where it is awaited, when Helm is done; until then Node must not call it unhandled.
    this.watching.catch(() => undefined);
  }

  /** Waits until the new pods have started or nearly so. @throws Cancelled. */
  async letPodsStart(signal: AbortSignal | undefined): Promise<void> {
    await sleep(PODS_START_MS, signal);
  }

  async stop(): Promise<void> {
    this.stopper.abort();
    await this.watching?.catch(() => undefined);
  }

  /** Gives the Deployments the image back that they had, where the revision was not made. */
  async takeBack(): Promise<void> {
    await this.stop();
    const back = this.changes.map((change) => ({ ...change, from: change.to, to: change.from }));
    await changeImages(this.api, back);
  }
}

/** As long as a pod needs to its app's first line, milliseconds: `npm run bench -- --only inner-loop` tells. */
const PODS_START_MS = 400;
const UPGRADE_HOOKS = new Set(['pre-upgrade', 'post-upgrade']);
const DIGEST_LENGTH = 'sha256:'.length + 64;

/**
 * Answers for each Deployment whether it was changed; undefined where the answer got lost.
 *
 * A Deployment whose images are not those that are known stays as it is. Neither that nor an answer that fails is told:
 * Helm makes the same change or says why it cannot, and whoever deploys next compares the images. Nothing cancels this,
 * as nobody would know then whether it was done.
 */
async function changeImages(api: KubeApi, changes: readonly ImageChange[]): Promise<(boolean | undefined)[]> {
  const workloads = [...new Set(changes.map(({ workload }) => workload))];
  return Promise.all(
    workloads.map(async (workload) => {
      const { kind, namespace, name } = workload;
      const operations = changes
        .filter((change) => change.workload === workload)
        .flatMap(({ path, from, to }) => [
          { op: 'test', path, value: from },
          { op: 'replace', path, value: to },
        ]);
      try {
        // The field is Helm's, by whichever way it is written.
        await api.patch(workloadPath(kind, namespace, name), operations, undefined, { fieldManager: 'helm' });
        return true;
      } catch (error) {
        if (error instanceof KubeApiFailure) return false;
        if (error instanceof Failure) return undefined;
        throw error;
      }
    }),
  );
}

function imagesIn(workload: WorkloadReference) {
  const template = workload.rendered.spec?.template;
  const list = (kind: keyof NonNullable<PodTemplate['spec']>) =>
    (template?.spec?.[kind] ?? []).map(({ image = '' }: Container, index) => {
      return { workload, image, path: `/spec/template/spec/${kind}/${index}/image` };
    });
  return [...list('initContainers'), ...list('containers')];
}

/** The digest that follows `before` wherever it stands, where it is always the same. */
function onlyDigest(manifest: string, before: string): string | undefined {
  const digests = manifest.split(before).map((rest) => rest.slice(0, DIGEST_LENGTH));
  const [digest, ...others] = new Set(digests.slice(1));
  return others.length === 0 ? digest : undefined;
}

function shortForm(digest: string): string {
  return digest.slice('sha256:'.length).slice(0, 12);
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}
