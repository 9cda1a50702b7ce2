import { Failure, isCancelled, throwIfCancelled } from '../base';
import {
  Helm,
  KubeApi,
  releaseHistory,
  ToolFailure,
  type ClusterAccess,
  type ReleaseRecord,
  type Toolbox,
} from '../tools';
import { readContent, type DeployContent } from './content';
import { brokenYamlIn, placeOfBrokenYaml } from './broken-yaml';
import { placeOfObject } from './chart-places';
import { helmFailure, refusedObjectIn } from './helm-failure';
import { HeadStart, imageChanges, type ImageChange } from './head-start';
import { CONFIG_LABEL, CONTENT_LABEL, relevantRevision, repair, undo, type ReleaseHandle } from './history';
import { liveStateOf, podsOf, removePods, stuckAmong, uidsOf, withApi } from './inspect';
import { areLiveUpdated, goOn, pause, settle } from './live-workloads';
import { withReleaseLock } from './lock';
import { watchRollout } from './rollout';
import { troublesOfServices } from './services';
import type { AppJudges, DeployEvent, DeployRequest, DeployResult } from './types';
import { podSelectors, workloadsOf, type WorkloadReference } from './workloads';

/** What deploying needs besides the request. */
export interface DeployContext extends Partial<AppJudges> {
  readonly toolbox: Toolbox;
  /** Opened ahead of time, see {@link connect}; whoever opened it closes it. Default: one of its own. */
  readonly api?: KubeApi | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: DeployEvent) => void) | undefined;
  /** Called with the selectors of the release's pods once Kubernetes has the new revision, or when nothing changed. */
  readonly onRolloutStarted?: ((selectors: string[], changed: boolean) => void) | undefined;
}

/**
 * Deploys one release and waits until it serves. When chart, values and image are those of the running revision,
 * nothing is touched. A release that a crash left pending is repaired first.
 *
 * When the new revision can never become ready, its pods stay for inspection; the revision before serves on as far as
 * the chart's update strategy lets it. When cancelled, the release is brought back to the revision before (the first
 * one is uninstalled) before this rejects.
 *
 * @throws Cancelled; Failure `chart-invalid`, `chart-unreadable`, `values-file-unreadable`, `immutable-field`,
 * `object-refused`, `object-owned-elsewhere`, `kind-unknown`, `rollout-timeout`, `job-failed`, `cluster-unreachable`,
 * `release-busy`, `tool-missing`, or what the judge says of a pod.
 */
export async function deploy(request: DeployRequest, context: DeployContext): Promise<DeployResult> {
  const content = readContent(request);
  // Its rejection is taken where it is awaited; until then Node must not call it unhandled.
  content.catch(() => undefined);
  void prepareDeploy(context.toolbox).catch(() => undefined);
  const work = (api: KubeApi) => new Deployment(request, context, api).run(content);
  if (!context.api) return withApi(request.access, work);
  // Since then the cluster may have been made anew.
  await context.api.reload();
  return work(context.api);
}

/**
 * Opens the API for a deployment that is to come, with its connections.
 *
 * @throws Failure `kubeconfig-unreadable`.
 */
export async function connect(access: ClusterAccess): Promise<KubeApi> {
  const api = await KubeApi.open(access);
  // Requests at the same time have a connection each. Whether they can be made the deployment will see.
  for (let connection = 0; connection < CONNECTIONS; connection += 1) api.get('/version').catch(() => undefined);
  return api;
}

/** As many requests as a deployment makes at once. */
const CONNECTIONS = 2;

/** Does ahead of time what the first deployment would wait for: asks Helm for its version. */
export async function prepareDeploy(toolbox: Toolbox): Promise<void> {
  await toolbox.version('helm');
}

interface Started {
  readonly revision: number;
  /** Whether there is a new revision. */
  readonly changed: boolean;
  /** Whether there is nothing to wait for. */
  readonly serves: boolean;
  /** What the revision renders to. */
  readonly manifest: string;
  readonly workloads: readonly WorkloadReference[];
  readonly doomed: ReadonlySet<string>;
  /** The pods, by uid, that were there before anything was changed. */
  readonly earlier?: ReadonlySet<string>;
}

/** What is to be known of workloads before their rollout is watched. */
type Watched = Pick<Started, 'workloads' | 'doomed' | 'earlier'>;

class Deployment {
  private readonly handle: ReleaseHandle;
  private readonly begun = performance.now();
  /** Workloads of which a live update makes other pods than the revision does: they wait, then they are settled. */
  private beside: readonly WorkloadReference[] = [];
  /** The history before anything of ours; undefined until it has been read. */
  private before: readonly ReleaseRecord[] | undefined;
  private headStart: HeadStart | undefined;
  private isRolloutTold = false;

  constructor(
    private readonly request: DeployRequest,
    private readonly context: DeployContext,
    private readonly api: KubeApi,
  ) {
    const helm = new Helm(context.toolbox, request.access);
    this.handle = { helm, release: request.release, namespace: request.namespace };
  }

  async run(content: Promise<DeployContent>): Promise<DeployResult> {
    const { signal } = this.context;
    try {
      const started = await this.locked(async () => this.start(await content), signal);
      this.tellRollout(started);
      const { revision, changed } = started;
      if (!started.serves) {
        this.tell(`watching the rollout of revision ${revision}`);
        await (this.headStart?.rollout ?? this.watch(started));
      }
      throwIfCancelled(signal);
      await this.lookAtServices(started);
      return { revision, changed };
    } catch (error) {
      const cancelled = isCancelled(error, signal);
      // A Helm that was ended in its work, by us or by its time limit, has left the release pending.
      if (cancelled || (error instanceof ToolFailure && error.code === 'tool-timeout')) await this.takeBack();
      else await goOn(this.api, this.beside);
      throw error;
    } finally {
      await this.headStart?.stop();
    }
  }

  private watch({ workloads, doomed, earlier }: Watched, stop?: AbortSignal): Promise<void> {
    const { signal, onEvent, judge, refusal } = this.context;
    const signals = [signal, stop].filter((either) => either !== undefined);
    return watchRollout(this.api, workloads, {
      timeoutMs: this.request.timeoutMs,
      since: this.begun,
      judge,
      refusal,
      doomed,
      ...(earlier ? { earlier } : {}),
      onEvent,
      signal: AbortSignal.any(signals),
    });
  }

  /** Everything up to the moment when Kubernetes has the new revision. */
  private async start(content: DeployContent): Promise<Started> {
    const { release, namespace, chartPath, chart } = this.request;
    const { judge, signal, toolbox } = this.context;
    toolbox.redactor.add(...content.secrets);
    const history = await this.soundHistory();
    this.before = history;
    const [latest] = history;
    const { manifest = '' } = relevantRevision(history) ?? {};
    const serving = workloadsOf(manifest, namespace);
    const isSame = latest !== undefined && isOf(latest, content);
    const [liveUpdated, pods] = await Promise.all([
      areLiveUpdated(this.api, serving, signal),
      podsOf(this.api, serving, signal),
    ]);
    // What a live update has made of the pods, or is to make of them, stands in no revision.
    const beside = this.request.live !== undefined || liveUpdated;
    const state = isSame && !beside ? await liveStateOf(this.api, serving, signal) : 'different';
    if (latest && state === 'serving') {
      return {
        revision: latest.revision,
        changed: false,
        serves: true,
        manifest,
        workloads: serving,
        doomed: new Set(),
      };
    }
    const stuck = stuckAmong(pods, judge);
    if (latest && state === 'coming') {
      // Its pods restart, after a resume for example. One more revision of the same would only spoil the next rollback.
      await removePods(this.api, stuck, signal);
      const doomed = uidsOf(stuck);
      return { revision: latest.revision, changed: false, serves: false, manifest, workloads: serving, doomed };
    }
    if (beside) {
      this.beside = serving;
      await pause(this.api, serving, signal);
    }
    if (latest && isSame && beside) {
      await this.settle(serving);
      const doomed = uidsOf(stuck);
      return { revision: latest.revision, changed: true, serves: false, manifest, workloads: serving, doomed };
    }

    this.tell(`helm upgrade --install ${release}`);
    const [doomed, earlier] = [uidsOf(stuck), uidsOf(pods)];
    if (!beside && stuck.length === 0) {
      const changes = imageChanges(history, serving, { image: this.request.image, configHash: content.configHash });
      if (changes.length > 0) await this.begin(changes, { workloads: serving, doomed, earlier });
    }
    const { revision } = await this.upgrade({
      release,
      namespace,
      chartPath,
      valuesFiles: chart.valuesFiles,
      values: content.values,
      labels: { [CONTENT_LABEL]: content.hash, [CONFIG_LABEL]: content.configHash },
    });
    const now = await releaseHistory(this.api, release, namespace, signal);
    const { manifest: rendered = '' } = now.find((record) => record.revision === revision) ?? {};
    const workloads = workloadsOf(rendered, namespace);
    if (beside) await this.settle(workloads);
    // A StatefulSet never replaces a pod that is not ready, and a pod of unchanged content waits out its back-off.
    await removePods(this.api, stuck, signal);
    return { revision, changed: true, serves: false, manifest: rendered, workloads, doomed, earlier };
  }

  /** Where the image alone is another one, its pods need not wait for Helm, and neither need those who follow them. */
  private async begin(changes: readonly ImageChange[], watched: Watched): Promise<void> {
    const headStart = await HeadStart.take(this.api, changes);
    if (!headStart) return;
    this.headStart = headStart;
    this.tellRollout({ workloads: watched.workloads, changed: true });
    if (headStart.isWhole) headStart.watch((stop) => this.watch(watched, stop));
  }

  private tellRollout({ workloads, changed }: Pick<Started, 'workloads' | 'changed'>): void {
    if (this.isRolloutTold) return;
    this.isRolloutTold = true;
    this.context.onRolloutStarted?.(podSelectors(workloads), changed);
  }

  /** The pods of the chart, or those of a live update, from here on. */
  private async settle(workloads: readonly WorkloadReference[]): Promise<void> {
    this.beside = workloads;
    await settle(this.api, workloads, this.request.live, this.context.signal);
  }

  private async soundHistory(): Promise<readonly ReleaseRecord[]> {
    const { release, namespace } = this.request;
    const { signal, onEvent } = this.context;
    const history = await releaseHistory(this.api, release, namespace, signal);
    this.before = history;
    const repaired = await repair(this.handle, history, { signal, timeoutMs: this.remaining() });
    if (repaired === undefined) return history;
    onEvent?.({ type: 'warning', message: repaired });
    return releaseHistory(this.api, release, namespace, signal);
  }

  private async upgrade(upgrade: Parameters<Helm['upgradeInstall']>[0]): Promise<{ revision: number }> {
    const { signal } = this.context;
    try {
      await this.headStart?.letPodsStart(signal);
      return await this.handle.helm.upgradeInstall(upgrade, { signal, timeoutMs: this.remaining() });
    } catch (error) {
      await this.headStart?.takeBack();
      const { release, chartPath } = upgrade;
      const { valueRanges } = this.request.chart;
      throw await this.located(helmFailure(error, { release, chartPath, valueRanges }), upgrade);
    }
  }

  /** Kubernetes knows nothing of templates: what an object or a line comes from, only the rendered chart tells. */
  private async located(error: unknown, upgrade: Parameters<Helm['template']>[0]): Promise<unknown> {
    if (!(error instanceof Failure)) return error;
    const said = error.evidence.join('\n');
    const yaml = brokenYamlIn(said);
    const refused = error.range ? undefined : refusedObjectIn(said);
    const { chartPath } = upgrade;
    const { valueRanges } = this.request.chart;
    const render = (broken: boolean) => this.handle.helm.template(upgrade, { signal: this.context.signal, broken });
    try {
      if (yaml) return error.with((await placeOfBrokenYaml(await render(true), yaml, chartPath, valueRanges)) ?? {});
      return refused ? error.with(await placeOfObject(await render(false), chartPath, refused, valueRanges)) : error;
    } catch (broken) {
      // What Kubernetes said counts, also without its place.
      if (isCancelled(broken, this.context.signal)) throw broken;
      return error;
    }
  }

  /** The app runs; that one of its Services leads nowhere is told, and no more. */
  private async lookAtServices({ manifest, workloads }: Started): Promise<void> {
    const { serviceJudge, signal, onEvent } = this.context;
    if (!serviceJudge) return;
    const { namespace, chartPath, chart } = this.request;
    const release = { manifest, namespace, workloads, chartPath, valueRanges: chart.valueRanges };
    try {
      for (const explanation of await troublesOfServices(this.api, release, serviceJudge, signal)) {
        onEvent?.({ type: 'warning', message: explanation.summary, explanation });
      }
    } catch (error) {
      // Who cannot be asked any more has answered all that the deployment needed.
      if (!(error instanceof Failure)) throw error;
    }
  }

  private async takeBack(): Promise<void> {
    const { before } = this;
    if (before === undefined) return;
    this.tell('bringing the previous revision back');
    await this.locked(async () => {
      await undo(this.api, this.handle, before);
      // The pods of the revision before are its chart's, whatever was to stand beside the new one.
      await settle(this.api, this.beside, undefined);
    });
  }

  private locked<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return withReleaseLock(this.request, work, {
      signal,
      onWait: () => this.tell('waiting for another vapp that changes the same release'),
    });
  }

  private tell(message: string): void {
    this.context.onEvent?.({ type: 'progress', message });
  }

  private remaining(): number {
    return Math.max(1000, this.begun + this.request.timeoutMs - performance.now());
  }
}

function isOf(record: ReleaseRecord, content: DeployContent): boolean {
  return record.status === 'deployed' && record.labels[CONTENT_LABEL] === content.hash;
}
