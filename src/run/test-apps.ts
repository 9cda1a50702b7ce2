import { Failure, isCancelled, sleep } from '../base';
import { releaseStatus, removeTests, runTests, setTestImage, testsOf, type TestObject } from '../deploy';
import { followLogs, type LogEvent } from '../logs';
import type { App } from '../project';
import type { ClusterAccess } from '../tools';
import { judgesOf } from './explaining';
import type { GivenImage } from './given-image';
import type { Job } from './images';
import { notDeployed } from './not-running';
import { jobOf } from './operations';
import { selectApps, type Session } from './session';
import { outcomeOf } from './steps';
import type { Target } from './target';
import { targetOf } from './targets';
import type { Outcome, RunEvent } from './types';

export interface TestRequest {
  /** Ids or names; default: every app of the repository. */
  readonly apps?: readonly string[];
  /** A context of the user's kubeconfig that `vapp.yaml` allows. Default: the local runtime. */
  readonly context?: string;
  /** An image of the tests instead of building one; for a repository with one app, or one app named. */
  readonly image?: string;
  /** Platform of the tests' image. Default: the engine's own. */
  readonly platform?: string;
  /** Longest time for the tests of one app, milliseconds. */
  readonly timeoutMs?: number;
}

export interface AppTest {
  readonly app: string;
  /** The pinned image of the tests; absent when the chart brings tests of its own. */
  readonly image?: string;
  /** Milliseconds from the start of the tests to their end. */
  readonly durationMs: number;
}

const TEST_TIMEOUT_MS = 300_000;
/** Last lines of the tests that stand with their failure. */
const EVIDENCE_LINES = 30;
/** How long the last lines may take to arrive when the tests have ended. */
const LAST_LINES_MS = 5000;

/**
 * Runs the integration tests of deployed apps in the cluster, beside the app, and shows what they write. The app goes
 * on as it is. Nothing of the tests is left behind, also when they fail or are cancelled.
 *
 * Fails with `test-failed` (the app) when they do, `no-tests` when there are none, `not-deployed`, `runtime-not-running`,
 * and with what building, copying and Helm may say.
 */
export function testApps(
  session: Session,
  request: TestRequest,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<Outcome<readonly AppTest[]>> {
  const job = jobOf(session, emit, signal);
  return outcomeOf(async () => {
    const repository = await job.steps.run('read', undefined, () => session.readValid());
    const named = selectApps(repository, request.apps);
    if (request.image !== undefined && named.length !== 1) throw imageForSeveralApps(named);
    const target = await targetOf(job, repository, request.context);
    const access = await target.access();
    const apps = named.map((app) => target.placed(app));
    for (const app of apps) {
      const subject = { release: app.id, namespace: app.namespace, access };
      if (!(await releaseStatus(subject, signal))) throw notDeployed(app);
    }
    const results: AppTest[] = [];
    for (const app of apps) {
      const image = await testImage(target, app, request);
      const timeoutMs = request.timeoutMs ?? TEST_TIMEOUT_MS;
      results.push(await target.whileThere(app, () => testApp(job, app, access, image, timeoutMs)));
    }
    return results;
  }, signal);
}

/** Undefined when the chart takes none: it may have tests that need no image. */
async function testImage(target: Target, app: App, { image, platform }: TestRequest): Promise<GivenImage | undefined> {
  const common = platform === undefined ? {} : { platform };
  if (app.chart.testImageValue === undefined) {
    if (image === undefined) return undefined;
    throw noTests(app, `The chart of ${app.name.value} takes no image of tests: it has no value test.image.`);
  }
  if (image !== undefined) return target.image(app, { ...common, image });
  const stage = app.testTarget;
  if (stage === undefined) throw noTests(app, `The Dockerfile of ${app.name.value} has no stage integration-test.`);
  return target.image(app, { ...common, tests: { stage } });
}

function testApp(
  job: Job,
  app: App,
  access: ClusterAccess,
  image: GivenImage | undefined,
  timeoutMs: number,
): Promise<AppTest> {
  const subject = { release: app.id, namespace: app.namespace, access };
  const { session, signal } = job;
  const context = { toolbox: session.toolbox, signal, judge: judgesOf(app).judge };
  return job.steps.run('test', app.id, async () => {
    if (image && app.chart.testImageValue !== undefined) {
      const chartPath = session.chartPath(app);
      await setTestImage({ ...subject, chartPath, value: app.chart.testImageValue, image }, context);
    }
    const tests = await testsOf(subject, signal);
    if (tests.length === 0) throw noTests(app, `The chart of ${app.name.value} has nothing for \`helm test\` to run.`);
    // Nothing of earlier tests, by whomever, is to be taken for these.
    await removeTests(subject, tests);
    const started = performance.now();
    const log = new TestLog(job, app, access, tests);
    try {
      await runTests(subject, tests, { ...context, timeoutMs });
      await log.end();
    } catch (error) {
      if (!isCancelled(error, signal)) await log.end();
      throw error instanceof Failure && error.code === 'test-failed' ? withLines(error, log.lines) : error;
    } finally {
      await log.stop();
      await removeTests(subject, tests);
    }
    const durationMs = performance.now() - started;
    return { app: app.id, ...(image ? { image: `${image.repository}@${image.digest}` } : {}), durationMs };
  });
}

/** What the pods of tests write, from their beginning to their end. */
class TestLog {
  /** The last lines of all pods. */
  readonly lines: string[] = [];
  private readonly stopper = new AbortController();
  private readonly following: Promise<void>;
  private readonly running = new Set<string>();
  private begun = false;
  private allEnded: () => void = () => undefined;
  private readonly ended = new Promise<void>((resolve) => (this.allEnded = resolve));

  constructor(
    private readonly job: Job,
    private readonly app: App,
    access: ClusterAccess,
    tests: readonly TestObject[],
  ) {
    const selectors = tests.map(({ selector }) => selector).filter((selector) => selector !== '');
    this.following = selectors.length === 0 ? Promise.resolve() : this.follow(access, selectors);
    // Looked at in stop(); until then Node must not call it unhandled.
    this.following.catch(() => undefined);
  }

  /** Waits a moment for the last lines. */
  async end(): Promise<void> {
    const limit = new AbortController();
    const late = sleep(LAST_LINES_MS, limit.signal).catch(() => undefined);
    await Promise.race([this.ended, this.following.catch(() => undefined), late]);
    limit.abort();
  }

  /** Ends following. That a log could not be read is a warning: the tests have their own result. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await this.following.catch((error: unknown) => {
      if (error instanceof Failure) this.job.emit({ type: 'warning', app: this.app.id, message: error.summary });
      else throw error;
    });
  }

  private async follow(access: ClusterAccess, selectors: readonly string[]): Promise<void> {
    const { signal } = this.stopper;
    const { namespace, id } = this.app;
    try {
      for await (const events of followLogs({ access, namespace, selectors, follow: true, signal })) {
        for (const event of events) {
          this.job.emit({ type: 'log', app: id, event });
          this.take(event);
        }
      }
    } catch (error) {
      if (!isCancelled(error, signal)) throw error;
    }
  }

  private take(event: LogEvent): void {
    if (event.type === 'line') {
      this.lines.push(event.line.text);
      if (this.lines.length > EVIDENCE_LINES) this.lines.shift();
    } else if (event.type === 'started') {
      this.running.add(`${event.pod}/${event.container}`);
      this.begun = true;
    } else if (event.type === 'ended') {
      this.running.delete(`${event.pod}/${event.container}`);
      if (this.begun && this.running.size === 0) this.allEnded();
    }
  }
}

function withLines(failure: Failure, lines: readonly string[]): Failure {
  if (lines.length === 0) return failure;
  const { code, fault, summary, nextSteps, cause } = failure;
  return new Failure({ code, fault, summary, nextSteps, cause, evidence: lines });
}

function noTests(app: App, summary: string): Failure {
  return new Failure({
    code: 'no-tests',
    fault: 'app',
    summary,
    nextSteps: [
      app.chart.testImageValue === undefined
        ? 'Take the value test.image and templates/tests over from the built-in chart: remove the own chart, or compare the two.'
        : 'Add a stage whose command runs the tests (FROM … AS integration-test), name one as testTarget in vapp.yaml, or an image with --image.',
    ],
  });
}

function imageForSeveralApps(apps: readonly App[]): Failure {
  return new Failure({
    code: 'image-needs-one-app',
    fault: 'usage',
    summary: `An image of tests was named, but ${apps.length} apps would be tested.`,
    nextSteps: [`Name the app as well: one of ${apps.map((app) => app.id).join(', ')}.`],
  });
}
