import { parseDocument } from 'yaml';
import { Failure, isCancelled, messageOf } from '../base';
import { Helm, ToolFailure, releaseHistory, type KubeApi, type ReleaseRecord } from '../tools';
import { Collection } from './collection';
import type { DeployContext } from './deploy';
import { helmFailure } from './helm-failure';
import { undo, type ReleaseHandle } from './history';
import { withApi } from './inspect';
import { withReleaseLock } from './lock';
import type { PodObject } from './objects';
import type { ReleaseSubject } from './operations';
import type { PodJudge } from './types';
import { nested } from './values';

/** An object that `helm test` makes: a pod, or a job that makes some. */
export interface TestObject {
  readonly kind: 'Pod' | 'Job';
  readonly name: string;
  readonly namespace: string;
  /** A label selector that finds its pods; empty when they have no labels. */
  readonly selector: string;
}

export interface TestImageRequest extends ReleaseSubject {
  /** Absolute folder of the chart. */
  readonly chartPath: string;
  /** Dotted path of the chart's value that takes the image: a map with `repository` and `digest`. */
  readonly value: string;
  readonly image: { readonly repository: string; readonly digest: string };
}

type TestContext = Pick<DeployContext, 'toolbox' | 'signal' | 'judge'>;

/**
 * Gives a deployed release the image of its tests. Nothing else of it changes, so no pod restarts. When cancelled, the
 * release is what it was.
 *
 * @throws Cancelled; Failure of Helm, as `deploy` says; `release-unsound` when the release is not there or half made.
 */
export function setTestImage(request: TestImageRequest, context: TestContext): Promise<void> {
  const { release, namespace, access, chartPath, value, image } = request;
  const { signal } = context;
  const helm = new Helm(context.toolbox, access);
  const handle: ReleaseHandle = { helm, release, namespace };
  return withApi(access, (api) =>
    withReleaseLock(
      request,
      async () => {
        const before = await releaseHistory(api, release, namespace, signal);
        const [latest] = before;
        if (latest?.status !== 'deployed') throw unsound(release, latest?.status);
        const has = testHooks(latest).some(({ manifest = '' }) =>
          manifest.includes(`${image.repository}@${image.digest}`),
        );
        if (has) return;
        try {
          await helm.upgradeInstall(
            {
              ...{ release, namespace, chartPath, valuesFiles: [], reuseValues: true },
              values: nested({ [`${value}.repository`]: image.repository, [`${value}.digest`]: image.digest }),
              // Its content is the same as before, which a later run is to see.
              labels: latest.labels,
            },
            { signal, timeoutMs: UPGRADE_TIMEOUT_MS },
          );
        } catch (error) {
          if (isCancelled(error, signal)) await undo(api, handle, before);
          throw helmFailure(error, { release, chartPath });
        }
      },
      { signal },
    ),
  );
}

const UPGRADE_TIMEOUT_MS = 60_000;

/** What `helm test` would make for a release; empty when its chart has no tests. */
export function testsOf({ release, namespace, access }: ReleaseSubject, signal?: AbortSignal): Promise<TestObject[]> {
  return withApi(access, async (api) => {
    const [latest] = await releaseHistory(api, release, namespace, signal);
    return latest ? testHooks(latest).flatMap(({ manifest = '' }) => testObject(manifest, namespace) ?? []) : [];
  });
}

function testHooks({ hooks = [] }: ReleaseRecord) {
  // `test-success` is what Helm 2 called it; its charts still run.
  return hooks.filter(({ events = [] }) => events.includes('test') || events.includes('test-success'));
}

/** Reads the rendered object of a hook; undefined when it runs nothing, as a ConfigMap for a test. */
export function testObject(manifest: string, releaseNamespace: string): TestObject | undefined {
  const object = parseDocument(manifest).toJS() as {
    kind?: string;
    metadata?: { name?: string; namespace?: string; labels?: Record<string, string> };
  } | null;
  const { name, namespace = releaseNamespace, labels = {} } = object?.metadata ?? {};
  const kind = object?.kind;
  if (name === undefined || (kind !== 'Pod' && kind !== 'Job')) return undefined;
  const selector =
    kind === 'Job'
      ? `batch.kubernetes.io/job-name=${name}`
      : Object.entries(labels)
          .map(([key, label]) => `${key}=${label}`)
          .join(',');
  return { kind, name, namespace, selector };
}

/**
 * Runs `helm test` and returns when all tests have passed. Their pods are still there afterwards, for their logs; see
 * {@link removeTests}. A pod that can never start ends the waiting.
 *
 * @throws Cancelled; Failure `test-failed`, `test-timeout`, `cluster-unreachable`, or what the judge says of a pod.
 */
export function runTests(
  { release, namespace, access }: ReleaseSubject,
  tests: readonly TestObject[],
  { toolbox, signal, judge, timeoutMs }: TestContext & { readonly timeoutMs: number },
): Promise<void> {
  return withApi(access, async (api) => {
    const stop = new AbortController();
    const doomed = judge ? watchForDoom(api, tests, judge, stop) : undefined;
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    try {
      await new Helm(toolbox, access).test(release, namespace, { signal: both, timeoutMs });
    } catch (error) {
      const verdict = doomed?.failure;
      if (verdict && !signal?.aborted) throw verdict;
      throw isCancelled(error, signal) ? error : testFailure(release, error, timeoutMs);
    } finally {
      stop.abort();
    }
  });
}

/** Watches the pods of the tests while they have not begun. What is said of one that never can ends the waiting. */
function watchForDoom(api: KubeApi, tests: readonly TestObject[], judge: PodJudge, stop: AbortController) {
  const result: { failure?: Failure } = {};
  for (const { namespace, selector } of tests) {
    if (selector === '') continue;
    const query = { labelSelector: selector };
    const pods = new Collection<PodObject>(api, `/api/v1/namespaces/${namespace}/pods`, query);
    const look = () => {
      const waiting = [...pods.objects.values()].filter(
        (pod) => pod.status?.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined && !hasRun(pod),
      );
      const failure = waiting.map((pod) => judge(pod)).find((found) => found !== undefined);
      if (failure === undefined) return;
      result.failure ??= failure;
      stop.abort();
    };
    // Helm itself asks the same API, and says what is wrong with it.
    pods.follow(look, stop.signal).catch(() => undefined);
  }
  return result;
}

/** Tests that end at once may have ended while their pod still counts as pending: they have begun nevertheless. */
function hasRun({ status }: PodObject): boolean {
  return (status?.containerStatuses ?? []).some(
    ({ state }) => state?.terminated && !NOT_STARTED.has(state.terminated.reason ?? ''),
  );
}

/** The container runtime's words for a container that it could not start. */
const NOT_STARTED = new Set(['StartError', 'ContainerCannotRun']);

/** Takes away what tests have made, also while they run. What is gone already is no failure. */
export function removeTests({ access }: Pick<ReleaseSubject, 'access'>, tests: readonly TestObject[]): Promise<void> {
  const signal = AbortSignal.timeout(REMOVE_TIMEOUT_MS);
  return withApi(access, async (api) => {
    for (const { kind, namespace, name } of tests) {
      const [group, plural] = kind === 'Job' ? ['/apis/batch/v1', 'jobs'] : ['/api/v1', 'pods'];
      // Without the policy a job's pods would stay.
      const query = { propagationPolicy: 'Background' };
      await api.delete(`${group}/namespaces/${namespace}/${plural}/${name}`, signal, query);
    }
  });
}

const REMOVE_TIMEOUT_MS = 30_000;

function testFailure(release: string, error: unknown, timeoutMs: number): unknown {
  const known = helmFailure(error, { release });
  if (!(known instanceof ToolFailure) || (known.code !== 'tool-failed' && known.code !== 'tool-timeout')) return known;
  const seconds = Math.round(timeoutMs / 1000);
  if (known.code === 'tool-timeout' || /timed out|deadline exceeded/i.test(known.stderr)) {
    return new Failure({
      code: 'test-timeout',
      fault: 'app',
      summary: `The tests of ${release} had not ended after ${seconds} s.`,
      evidence: known.evidence,
      nextSteps: ['Give them more time: `--timeout 10m`.'],
      cause: known,
    });
  }
  return new Failure({
    code: 'test-failed',
    fault: 'app',
    summary: `The tests of ${release} failed.`,
    evidence: messageOf(known).split('\n'),
    nextSteps: [`Read what the app said meanwhile: \`vapp logs ${release}\`.`],
    cause: known,
  });
}

function unsound(release: string, status: string | undefined): Failure {
  return new Failure({
    code: 'release-unsound',
    fault: 'app',
    summary:
      status === undefined
        ? `There is no release ${release}.`
        : `The latest revision of ${release} is not in service: it is ${status}.`,
    nextSteps: [`Run it again: \`vapp run ${release}\`.`],
  });
}
