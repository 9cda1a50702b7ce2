import assert from 'node:assert/strict';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Cancelled, Failure } from '../../src/base';
import {
  deploy,
  releaseSelectors,
  releaseStatus,
  rollback,
  uninstall,
  type DeployRequest,
  type DeployResult,
} from '../../src/deploy';
import type { WorkloadObject } from '../../src/deploy/objects';
import { KubeApi } from '../../src/tools';
import { NAMESPACE, RELEASE, describeDeploying } from './support/deploy-bed';
import { SERVING, app, type HeldHelm } from './support/helm-cluster';

describeDeploying(
  'deploying',
  (bed) => {
    describe('a workload of each kind', () => {
      for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
        it(`installs and upgrades a ${kind}`, async () => {
          const chart = await bed().cluster.chart({ 'app.yaml': app({ kind }) });
          const selectors: string[][] = [];
          const onRolloutStarted = (all: string[]) => selectors.push(all);
          assert.deepEqual(await deploy(bed().request(chart), { ...bed().context, onRolloutStarted }), {
            revision: 1,
            changed: true,
          });
          await bed().assertServes('one');
          assert.deepEqual(selectors, [[`app=${RELEASE}`]]);
          assert.deepEqual(await releaseSelectors(bed().subject()), [`app=${RELEASE}`]);
          assert.deepEqual(await deploy(bed().request(chart, { word: 'two' }), bed().context), {
            revision: 2,
            changed: true,
          });
          await bed().assertServes('two');
          const last = bed()
            .events.filter((event) => event.type === 'workload')
            .at(-1);
          assert.deepEqual(last?.workload, { kind, name: RELEASE, ready: 1, wanted: 1 });
        });
      }

      it('runs a Job, and says what a failed one wrote', async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app({ kind: 'Job' }) });
        assert.equal((await deploy(bed().request(chart), bed().context)).revision, 1);
        await uninstall(bed().subject(), { toolbox: bed().toolbox });
        await bed().cluster.chart({ 'app.yaml': app({ kind: 'Job', script: 'echo "no way"; exit 4' }) });
        const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
        assert.equal(failure.fault, 'app');
        assert.match(failure.summary, /exit code 4/);
        assert.ok(failure.evidence.includes('no way'), failure.evidence.join('\n'));
      });

      it('waits for several in one chart', async () => {
        const second = app({ kind: 'StatefulSet' }).replaceAll('{{ .Release.Name }}', 'second');
        const chart = await bed().cluster.chart({ 'app.yaml': app(), 'second.yaml': second });
        await deploy(bed().request(chart), bed().context);
        const { workloads, pods } = await bed().status();
        assert.deepEqual(workloads.map(({ kind, name }) => `${kind} ${name}`).sort(), [
          `Deployment ${RELEASE}`,
          'StatefulSet second',
        ]);
        assert.equal(pods.length, 2);
        assert.deepEqual((await releaseSelectors(bed().subject())).sort(), [`app=${RELEASE}`, 'app=second']);
      });

      it('deploys a chart without any', async () => {
        const template =
          'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: only }\ndata: { word: "{{ .Values.word }}" }\n';
        const chart = await bed().cluster.chart({ 'map.yaml': template });
        assert.deepEqual(await deploy(bed().request(chart), bed().context), { revision: 1, changed: true });
        assert.deepEqual(await deploy(bed().request(chart), bed().context), { revision: 1, changed: false });
        assert.deepEqual(await deploy(bed().request(chart, { word: 'two' }), bed().context), {
          revision: 2,
          changed: true,
        });
      });
    });

    describe('nothing but another image', () => {
      let chart: string;
      let first: DeployRequest['image'];
      let second: DeployRequest['image'];
      let third: DeployRequest['image'];

      before(async () => {
        const version = (number: number) => bed().cluster.build('version', `FROM busybox\nLABEL version=${number}\n`);
        [first, second, third] = [await version(1), await version(2), await version(3)];
      });

      // From two revisions it is known what a change of the image changes.
      beforeEach(async () => {
        chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart, { image: first }), bed().context);
        await deploy(bed().request(chart, { image: second }), bed().context);
      });

      const deployment = async () => {
        const text = await bed().cluster.kubectl('get', 'deployment', RELEASE, '-o', 'json');
        const { metadata, spec } = JSON.parse(text) as WorkloadObject;
        return { generation: metadata.generation, image: spec?.template?.spec?.containers?.[0]?.image };
      };
      const reference = ({ repository, digest }: DeployRequest['image']) => `${repository}@${digest}`;

      /** Deploys the third image; does the work when Kubernetes has it while Helm has not begun yet. */
      const ahead = async (
        helm: HeldHelm,
        work: (done: Promise<DeployResult>) => Promise<void>,
        signal?: AbortSignal,
      ) => {
        let done: Promise<DeployResult> | undefined;
        try {
          await new Promise((resolve, reject) => {
            const context = { ...bed().context, toolbox: helm.toolbox, signal, onRolloutStarted: resolve };
            done = deploy(bed().request(chart, { image: third }), context);
            done.catch(reject);
          });
          assert.deepEqual(await deployment(), { generation: 3, image: reference(third) });
          assert.equal((await bed().status()).revision, 2);
          if (done) await work(done);
        } finally {
          await helm.goOn();
          await done?.catch(() => undefined);
        }
      };

      it('has its pod while Helm is starting, in one rollout', async () => {
        const helm = await bed().cluster.holdingUpgrades(bed().helm);
        await ahead(helm, async (done) => {
          await helm.goOn();
          assert.deepEqual(await done, { revision: 3, changed: true });
        });
        assert.deepEqual(await deployment(), { generation: 3, image: reference(third) });
        await bed().assertServes('one');
        assert.equal((await deploy(bed().request(chart, { image: third }), bed().context)).changed, false);
      });

      it('is taken back when Helm fails', async () => {
        const helm = await bed().cluster.holdingUpgrades(bed().helm, { status: 7 });
        await ahead(helm, async (done) => {
          await helm.goOn();
          await assert.rejects(done, Failure);
        });
        await assertTakenBack();
      });

      it('is taken back when it is cancelled before Helm has begun', async () => {
        const helm = await bed().cluster.holdingUpgrades(bed().helm);
        const controller = new AbortController();
        const cancel = async (done: Promise<DeployResult>) => {
          controller.abort();
          await assert.rejects(done, Cancelled);
        };
        await ahead(helm, cancel, controller.signal);
        await assertTakenBack();
      });

      it('is made up for by Helm when the answer to it got lost', async () => {
        const api = await KubeApi.open(bed().cluster.access);
        try {
          const patch = api.patch.bind(api);
          api.patch = async (...request) => {
            await patch(...request);
            throw new Failure({ code: 'cluster-unreachable', fault: 'environment', summary: 'The answer got lost.' });
          };
          const done = await deploy(bed().request(chart, { image: third }), { ...bed().context, api });
          assert.deepEqual(done, { revision: 3, changed: true });
        } finally {
          api.close();
        }
        assert.deepEqual(await deployment(), { generation: 3, image: reference(third) });
        await bed().assertServes('one');
      });

      for (const next of ['the same', 'the revision before'] as const) {
        it(`of a run that was killed before Helm is caught up with by ${next}`, async () => {
          const pointer = '/spec/template/spec/containers/0/image';
          const taken = JSON.stringify([{ op: 'replace', path: pointer, value: reference(third) }]);
          await bed().cluster.kubectl(
            ...['patch', 'deployment', RELEASE, '--type=json', '--field-manager=helm', '-p', taken],
          );
          const image = next === 'the same' ? third : second;
          const done = await deploy(bed().request(chart, { image }), bed().context);
          assert.deepEqual(done, { revision: 3, changed: true });
          assert.equal((await deployment()).image, reference(image));
          await bed().assertServes('one');
          assert.equal((await deploy(bed().request(chart, { image }), bed().context)).changed, false);
        });
      }

      const assertTakenBack = async () => {
        assert.deepEqual(await deployment(), { generation: 4, image: reference(second) });
        assert.equal((await deploy(bed().request(chart, { image: second }), bed().context)).revision, 2);
        await bed().assertServes('one');
      };
    });

    describe('again', () => {
      it('touches nothing when nothing changed', async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart), bed().context);
        const before = await bed().cluster.kubectl('get', 'pods,secrets', '-o', 'name');
        assert.deepEqual(await deploy(bed().request(chart), bed().context), { revision: 1, changed: false });
        assert.equal(await bed().cluster.kubectl('get', 'pods,secrets', '-o', 'name'), before);
      });

      it('restores what was scaled, deleted or changed behind our back', async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app({ spec: 'replicas: 1' }) });
        await deploy(bed().request(chart), bed().context);
        for (const damage of [
          ['scale', `deployment/${RELEASE}`, '--replicas=0'],
          ['delete', `deployment/${RELEASE}`],
          ['set', 'image', `deployment/${RELEASE}`, 'app=busybox:nope'],
        ]) {
          await bed().cluster.kubectl(...damage);
          assert.equal((await deploy(bed().request(chart), bed().context)).changed, true, damage.join(' '));
          await bed().assertServes('one');
        }
      });

      it('gives a broken app a fresh start', async () => {
        const broken = await bed().cluster.chart({ 'app.yaml': app({ script: 'exit 3' }) });
        const first = await bed().failureOf(deploy(bed().request(broken), bed().context));
        assert.equal(first.code, 'app-exited');
        const [pod] = (await bed().status()).pods;
        const second = await bed().failureOf(deploy(bed().request(broken), bed().context));
        assert.equal(second.code, 'app-exited');
        assert.ok(
          !(await bed().status()).pods.some(({ name: other, phase }) => other === pod?.name && phase !== 'Terminating'),
        );
        await deploy(bed().request(await bed().cluster.chart({ 'app.yaml': app() })), bed().context);
        await bed().assertServes('one');
      });

      it('replaces a broken pod of a StatefulSet', async () => {
        const kind = 'StatefulSet';
        await deploy(
          bed().request(await bed().cluster.chart({ 'app.yaml': app({ kind, spec: 'replicas: 2' }) })),
          bed().context,
        );
        const broken = await bed().cluster.chart({ 'app.yaml': app({ kind, spec: 'replicas: 2', script: 'exit 3' }) });
        await bed().failureOf(deploy(bed().request(broken), bed().context));
        assert.equal((await rollback(bed().subject(), bed().context)).revision, 3);
        await bed().assertServes('one');
      });
    });

    describe('rolling back', () => {
      it('makes the previous revision serve again', async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart), bed().context);
        await deploy(bed().request(chart, { word: 'two' }), bed().context);
        assert.deepEqual(await rollback(bed().subject(), bed().context), { revision: 3, changed: true });
        await bed().assertServes('one');
        assert.deepEqual(await rollback({ ...bed().subject(), revision: 2 }, bed().context), {
          revision: 4,
          changed: true,
        });
        await bed().assertServes('two');
        assert.deepEqual(await deploy(bed().request(chart, { word: 'two' }), bed().context), {
          revision: 4,
          changed: false,
        });
      });

      it('says when there is nothing to go back to', async () => {
        assert.equal((await bed().failureOf(rollback(bed().subject(), bed().context))).code, 'nothing-to-roll-back');
        await deploy(bed().request(await bed().cluster.chart({ 'app.yaml': app() })), bed().context);
        assert.equal((await bed().failureOf(rollback(bed().subject(), bed().context))).code, 'nothing-to-roll-back');
        const unknown = await bed().failureOf(rollback({ ...bed().subject(), revision: 7 }, bed().context));
        assert.equal(unknown.code, 'revision-not-found');
      });
    });

    describe('a release left pending', () => {
      async function leavePending(revision: number, word: string): Promise<void> {
        const secret = `secret/sh.helm.release.v1.${RELEASE}.v${revision}`;
        await bed().cluster.kubectl('label', '--overwrite', secret, `status=${word}`);
        const encoded = await bed().cluster.kubectl('get', secret, '-o', 'jsonpath={.data.release}');
        const patched = withStatus(encoded, word);
        await bed().cluster.kubectl(
          'patch',
          secret,
          '--type=merge',
          '-p',
          JSON.stringify({ data: { release: patched } }),
        );
      }

      it('by a crashed first installation is installed anew', async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart), bed().context);
        await leavePending(1, 'pending-install');
        await deploy(bed().request(chart), bed().context);
        assert.ok(bed().events.some((event) => event.type === 'warning' && event.message.includes('uninstalled')));
        await bed().assertServes('one');
      });

      it('by a crashed upgrade is rolled back and upgraded', async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart), bed().context);
        await deploy(bed().request(chart, { word: 'two' }), bed().context);
        await leavePending(2, 'pending-upgrade');
        await deploy(bed().request(chart, { word: 'three' }), bed().context);
        assert.ok(bed().events.some((event) => event.type === 'warning' && event.message.includes('revision 1')));
        await bed().assertServes('three');
        assert.equal((await bed().status()).status, 'deployed');
      });
    });

    it('keeps to the values: defaults, values file, vapp.yaml, image', async () => {
      const chart = await bed().cluster.chart({
        'app.yaml': app({ script: SERVING.replace('.word', '.env.ADDRESS') }),
      });
      const base = bed().request(chart);
      const given = {
        ...base,
        defaults: { env: { ADDRESS: 'default' } },
        chart: { ...base.chart, values: { 'env.ADDRESS': 'mine' } },
      };
      await deploy({ ...given, chart: { ...given.chart, values: {} } }, bed().context);
      await bed().assertServes('default');
      await deploy(given, bed().context);
      await bed().assertServes('mine');
    });
  },
  {
    more: (cluster) => {
      it('goes on with Helm 4 where Helm 3 stopped, and back', async () => {
        const subject = { release: 'mixed', namespace: 'fresh', access: cluster().access };
        const chartPath = await cluster().chart({ 'app.yaml': app({ spec: 'replicas: 1' }) });
        const base = { ...subject, chartPath, image: cluster().image, defaults: {}, timeoutMs: 90_000 };
        const imageValues = { repository: 'image.repository', digest: 'image.digest' };
        for (const [index, helm] of (['VAPP_TEST_HELM3', 'VAPP_TEST_HELM4', 'VAPP_TEST_HELM3'] as const).entries()) {
          const values = { word: `round${index}` };
          const chart = { source: 'repository', path: chartPath, valuesFiles: [], values, imageValues } as const;
          const { revision } = await deploy({ ...base, chart }, { toolbox: cluster().toolbox(helm) });
          assert.equal(revision, index + 1);
        }
        await uninstall(subject, { toolbox: cluster().toolbox('VAPP_TEST_HELM4') });
      });

      it('says when the cluster does not answer', async () => {
        const access = { ...cluster().access, kubeconfig: `${cluster().access.kubeconfig}-away` };
        await cluster().copyKubeconfig(access.kubeconfig, 'https://127.0.0.1:1');
        const status = releaseStatus({ release: RELEASE, namespace: NAMESPACE, access });
        await assert.rejects(status, { code: 'cluster-unreachable', fault: 'environment' });
      });
    },
  },
);

/** A stored release with another status, as a Helm that died in the midst of its work leaves it. */
function withStatus(encoded: string, status: string): string {
  const packed = Buffer.from(Buffer.from(encoded, 'base64').toString('latin1'), 'base64');
  const release = JSON.parse(gunzipSync(packed).toString('utf8')) as { info: { status: string } };
  release.info.status = status;
  const text = gzipSync(JSON.stringify(release)).toString('base64');
  return Buffer.from(text, 'latin1').toString('base64');
}
