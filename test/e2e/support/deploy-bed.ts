import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../../src/base';
import {
  releaseStatus,
  uninstall,
  type DeployContext,
  type DeployEvent,
  type DeployRequest,
  type ReleaseStatus,
} from '../../../src/deploy';
import { explainPod, explainRefusal, explainService } from '../../../src/explain';
import { Helm, type ReleaseRecord, type Toolbox } from '../../../src/tools';
import { HelmCluster, type HelmVariable } from './helm-cluster';

export const RELEASE = 'probe';
export const NAMESPACE = 'default';

const HELMS = [
  ['Helm 3', 'VAPP_TEST_HELM3'],
  ['Helm 4', 'VAPP_TEST_HELM4'],
] as const;

/** For what has nothing to do with Helm. */
export const HELM_4 = [HELMS[1]] as const;

/** One release in a cluster, and one of the Helms to deploy it with. It is gone again after each test. */
export class DeployBed {
  events: DeployEvent[] = [];
  context: DeployContext;
  readonly toolbox: Toolbox;

  constructor(
    readonly cluster: HelmCluster,
    readonly helm: HelmVariable,
  ) {
    this.toolbox = cluster.toolbox(helm);
    this.context = this.freshContext();
  }

  begin(): void {
    this.events = [];
    this.context = this.freshContext();
  }

  async end(): Promise<void> {
    await uninstall(this.subject(), { toolbox: this.toolbox });
    assert.equal(await releaseStatus(this.subject()), undefined);
  }

  subject() {
    return { release: RELEASE, namespace: NAMESPACE, access: this.cluster.access };
  }

  request(chartPath: string, more: Partial<DeployRequest> & { word?: string } = {}): DeployRequest {
    const { word = 'one', ...rest } = more;
    return {
      ...this.subject(),
      chartPath,
      chart: {
        source: 'repository',
        path: chartPath,
        valuesFiles: [],
        values: { word },
        imageValues: { repository: 'image.repository', digest: 'image.digest' },
      },
      image: this.cluster.image,
      defaults: {},
      timeoutMs: 90_000,
      ...rest,
    };
  }

  async failureOf(work: Promise<unknown>): Promise<Failure> {
    try {
      await work;
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error;
    }
    assert.fail('it should have failed');
  }

  async status(): Promise<ReleaseStatus> {
    const current = await releaseStatus(this.subject());
    assert.ok(current);
    return current;
  }

  history(): Promise<ReleaseRecord[]> {
    return new Helm(this.toolbox, this.cluster.access).history(RELEASE, NAMESPACE);
  }

  async assertServes(word: string): Promise<void> {
    const { workloads } = await this.status();
    assert.ok(workloads.length > 0 && workloads.every(({ ready, wanted }) => ready === wanted && wanted > 0));
    // The new pod may have started only just now.
    for (let attempt = 0; ; attempt++) {
      const pods = (await this.cluster.kubectl('get', 'pods', '-l', `app=${RELEASE}`, '-o', 'json')) || '{}';
      const { items } = JSON.parse(pods) as { items: { metadata: { name: string; deletionTimestamp?: string } }[] };
      const serving = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const logs = await Promise.all(serving.map(({ metadata }) => this.cluster.kubectl('logs', metadata.name)));
      if (logs.length > 0 && logs.every((log) => log.trim() === word)) return;
      assert.ok(attempt < 60, `pods say ${JSON.stringify(logs)} instead of ${word}`);
      await delay(250);
    }
  }

  private freshContext(): DeployContext {
    const { toolbox, events } = this;
    return {
      toolbox,
      judge: (pod, surroundings) => explainPod(pod, {}, surroundings),
      refusal: (owner, warnings) => explainRefusal(owner, warnings),
      serviceJudge: explainService,
      onEvent: (event) => events.push(event),
    };
  }
}

/** Describes something in a cluster of its own, once for each of the Helms; `more` is described once. */
export function describeDeploying(
  title: string,
  tests: (bed: () => DeployBed) => void,
  { helms = HELMS, more }: { helms?: typeof HELMS | typeof HELM_4; more?: (cluster: () => HelmCluster) => void } = {},
): void {
  describe(title, function () {
    this.timeout('3m');
    let cluster: HelmCluster;

    before(async function () {
      this.timeout('5m');
      cluster = await HelmCluster.create();
    });

    after(async () => cluster.dispose());

    for (const [name, variable] of helms) {
      describe(`with ${name}`, () => {
        let bed: DeployBed;

        before(async () => {
          bed = new DeployBed(cluster, variable);
          assert.equal((await bed.toolbox.version('helm')).split('.')[0], name.slice(-1));
        });

        beforeEach(() => bed.begin());
        afterEach(async () => bed.end());

        tests(() => bed);
      });
    }

    more?.(() => cluster);
  });
}
