import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Failure } from '../../src/base';
import {
  deploy,
  releaseSelectors,
  releaseStatus,
  rollback,
  uninstall,
  type DeployContext,
  type DeployEvent,
  type DeployRequest,
  type ReleaseStatus,
} from '../../src/deploy';
import { explainPod } from '../../src/explain';
import { Helm, type ReleaseRecord, type Toolbox } from '../../src/tools';
import { HelmCluster, SERVING, app } from './support/helm-cluster';

const RELEASE = 'probe';
const NAMESPACE = 'default';

describe('deploying', function () {
  this.timeout('3m');
  let cluster: HelmCluster;

  before(async function () {
    this.timeout('5m');
    cluster = await HelmCluster.create();
  });

  after(async () => cluster.dispose());

  for (const [name, variable] of [
    ['Helm 3', 'VAPP_TEST_HELM3'],
    ['Helm 4', 'VAPP_TEST_HELM4'],
  ] as const) {
    describe(`with ${name}`, () => {
      let toolbox: Toolbox;
      let events: DeployEvent[];
      let context: DeployContext;
      const subject = () => ({ release: RELEASE, namespace: NAMESPACE, access: cluster.access });

      before(async () => {
        toolbox = cluster.toolbox(variable);
        assert.equal((await toolbox.version('helm')).split('.')[0], name.slice(-1));
      });

      beforeEach(() => {
        events = [];
        context = { toolbox, judge: (pod) => explainPod(pod), onEvent: (event) => events.push(event) };
      });

      afterEach(async () => {
        await uninstall(subject(), { toolbox });
        assert.equal(await releaseStatus(subject()), undefined);
      });

      function request(chartPath: string, more: Partial<DeployRequest> & { word?: string } = {}): DeployRequest {
        const { word = 'one', ...rest } = more;
        return {
          ...subject(),
          chartPath,
          chart: {
            source: 'repository',
            path: chartPath,
            valuesFiles: [],
            values: { word },
            imageValues: { repository: 'image.repository', digest: 'image.digest' },
          },
          image: cluster.image,
          defaults: {},
          timeoutMs: 90_000,
          ...rest,
        };
      }

      async function failureOf(work: Promise<unknown>): Promise<Failure> {
        try {
          await work;
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
          return error;
        }
        assert.fail('it should have failed');
      }

      async function status(): Promise<ReleaseStatus> {
        const current = await releaseStatus(subject());
        assert.ok(current);
        return current;
      }

      function history(): Promise<ReleaseRecord[]> {
        return new Helm(toolbox, cluster.access).history(RELEASE, NAMESPACE);
      }

      async function assertServes(word: string): Promise<void> {
        const { workloads } = await status();
        assert.ok(workloads.length > 0 && workloads.every(({ ready, wanted }) => ready === wanted && wanted > 0));
        // The new pod may have started only just now.
        for (let attempt = 0; ; attempt++) {
          const pods = (await cluster.kubectl('get', 'pods', '-l', `app=${RELEASE}`, '-o', 'json')) || '{}';
          const { items } = JSON.parse(pods) as { items: { metadata: { name: string; deletionTimestamp?: string } }[] };
          const serving = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
          const logs = await Promise.all(serving.map(({ metadata }) => cluster.kubectl('logs', metadata.name)));
          if (logs.length > 0 && logs.every((log) => log.trim() === word)) return;
          assert.ok(attempt < 60, `pods say ${JSON.stringify(logs)} instead of ${word}`);
          await delay(250);
        }
      }

      describe('a workload of each kind', () => {
        for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
          it(`installs and upgrades a ${kind}`, async () => {
            const chart = await cluster.chart({ 'app.yaml': app({ kind }) });
            const selectors: string[][] = [];
            const onRolloutStarted = (all: string[]) => selectors.push(all);
            assert.deepEqual(await deploy(request(chart), { ...context, onRolloutStarted }), {
              revision: 1,
              changed: true,
            });
            await assertServes('one');
            assert.deepEqual(selectors, [[`app=${RELEASE}`]]);
            assert.deepEqual(await releaseSelectors(subject()), [`app=${RELEASE}`]);
            assert.deepEqual(await deploy(request(chart, { word: 'two' }), context), { revision: 2, changed: true });
            await assertServes('two');
            const last = events.filter((event) => event.type === 'workload').at(-1);
            assert.deepEqual(last?.workload, { kind, name: RELEASE, ready: 1, wanted: 1 });
          });
        }

        it('runs a Job, and says what a failed one wrote', async () => {
          const chart = await cluster.chart({ 'app.yaml': app({ kind: 'Job' }) });
          assert.equal((await deploy(request(chart), context)).revision, 1);
          await uninstall(subject(), { toolbox });
          await cluster.chart({ 'app.yaml': app({ kind: 'Job', script: 'echo "no way"; exit 4' }) });
          const failure = await failureOf(deploy(request(chart), context));
          assert.equal(failure.fault, 'app');
          assert.match(failure.summary, /exit code 4/);
          assert.ok(failure.evidence.includes('no way'), failure.evidence.join('\n'));
        });

        it('waits for several in one chart', async () => {
          const second = app({ kind: 'StatefulSet' }).replaceAll('{{ .Release.Name }}', 'second');
          const chart = await cluster.chart({ 'app.yaml': app(), 'second.yaml': second });
          await deploy(request(chart), context);
          const { workloads, pods } = await status();
          assert.deepEqual(workloads.map(({ kind, name }) => `${kind} ${name}`).sort(), [
            `Deployment ${RELEASE}`,
            'StatefulSet second',
          ]);
          assert.equal(pods.length, 2);
          assert.deepEqual((await releaseSelectors(subject())).sort(), [`app=${RELEASE}`, 'app=second']);
        });

        it('deploys a chart without any', async () => {
          const template =
            'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: only }\ndata: { word: "{{ .Values.word }}" }\n';
          const chart = await cluster.chart({ 'map.yaml': template });
          assert.deepEqual(await deploy(request(chart), context), { revision: 1, changed: true });
          assert.deepEqual(await deploy(request(chart), context), { revision: 1, changed: false });
          assert.deepEqual(await deploy(request(chart, { word: 'two' }), context), { revision: 2, changed: true });
        });
      });

      describe('again', () => {
        it('touches nothing when nothing changed', async () => {
          const chart = await cluster.chart({ 'app.yaml': app() });
          await deploy(request(chart), context);
          const before = await cluster.kubectl('get', 'pods,secrets', '-o', 'name');
          assert.deepEqual(await deploy(request(chart), context), { revision: 1, changed: false });
          assert.equal(await cluster.kubectl('get', 'pods,secrets', '-o', 'name'), before);
        });

        it('restores what was scaled, deleted or changed behind our back', async () => {
          const chart = await cluster.chart({ 'app.yaml': app({ spec: 'replicas: 1' }) });
          await deploy(request(chart), context);
          for (const damage of [
            ['scale', `deployment/${RELEASE}`, '--replicas=0'],
            ['delete', `deployment/${RELEASE}`],
            ['set', 'image', `deployment/${RELEASE}`, 'app=busybox:nope'],
          ]) {
            await cluster.kubectl(...damage);
            assert.equal((await deploy(request(chart), context)).changed, true, damage.join(' '));
            await assertServes('one');
          }
        });

        it('gives a broken app a fresh start', async () => {
          const broken = await cluster.chart({ 'app.yaml': app({ script: 'exit 3' }) });
          const first = await failureOf(deploy(request(broken), context));
          assert.equal(first.code, 'app-exited');
          const [pod] = (await status()).pods;
          const second = await failureOf(deploy(request(broken), context));
          assert.equal(second.code, 'app-exited');
          assert.ok(
            !(await status()).pods.some(({ name: other, phase }) => other === pod?.name && phase !== 'Terminating'),
          );
          await deploy(request(await cluster.chart({ 'app.yaml': app() })), context);
          await assertServes('one');
        });

        it('replaces a broken pod of a StatefulSet', async () => {
          const kind = 'StatefulSet';
          await deploy(request(await cluster.chart({ 'app.yaml': app({ kind, spec: 'replicas: 2' }) })), context);
          const broken = await cluster.chart({ 'app.yaml': app({ kind, spec: 'replicas: 2', script: 'exit 3' }) });
          await failureOf(deploy(request(broken), context));
          assert.equal((await rollback(subject(), context)).revision, 3);
          await assertServes('one');
        });
      });

      describe('an app at fault', () => {
        const cases: { title: string; template: string; code: string; says: RegExp; fault?: string }[] = [
          {
            title: 'ends at once',
            template: app({ script: 'echo going; echo down >&2; exit 3' }),
            code: 'app-exited',
            says: /exit code 3[^]*down/,
          },
          {
            title: 'ends after a second',
            template: app({ script: 'sleep 1; echo down; exit 5', spec: 'minReadySeconds: 3' }),
            code: 'app-exited',
            says: /exit code 5[^]*down/,
          },
          {
            title: 'has a command that is not there',
            template: app().replace(/command: .*/, 'command: ["/not/there"]'),
            code: 'command-not-found',
            says: /\/not\/there/,
          },
          {
            title: 'needs a Secret that is not there',
            template: app({ container: 'envFrom: [{ secretRef: { name: missing } }]' }),
            code: 'container-config',
            says: /Secret missing/,
          },
          {
            title: 'has an image from nowhere',
            template: app({ image: 'no.such.host.invalid/app:1' }),
            code: 'image-pull-network',
            says: /no\.such\.host\.invalid\/app:1/,
            fault: 'environment',
          },
          {
            title: 'has an image name that is none',
            template: app({ image: 'Bad Name' }),
            code: 'image-name-invalid',
            says: /Bad Name/,
          },
          {
            title: 'uses too much memory',
            template: app({
              script: 'x=a; while true; do x=$x$x; done',
              spec: 'minReadySeconds: 3',
              container: 'resources: { limits: { memory: 16Mi } }',
            }),
            code: 'out-of-memory',
            says: /memory/,
          },
        ];
        for (const { title, template, code, says, fault = 'app' } of cases) {
          it(`that ${title} ends the wait, and the revision before serves on`, async () => {
            const chart = await cluster.chart({ 'app.yaml': app() });
            await deploy(request(chart), context);
            await cluster.chart({ 'app.yaml': template });
            const failure = await failureOf(deploy(request(chart), context));
            assert.equal(failure.code, code, JSON.stringify(failure));
            assert.equal(failure.fault, fault);
            assert.match([failure.summary, ...failure.evidence].join('\n'), says);
            assert.ok((await status()).pods.some(({ containers }) => containers.every(({ ready }) => ready)));
          });
        }

        it('that nothing probes and that ends after a second ends the wait', async () => {
          const chart = await cluster.chart({ 'app.yaml': app({ script: 'sleep 1; echo down; exit 5' }) });
          const failure = await failureOf(deploy(request(chart), context));
          assert.equal(failure.code, 'app-exited');
          assert.ok(failure.evidence.includes('down'), failure.evidence.join('\n'));
        });

        it('that never becomes ready is named with its probe', async () => {
          const chart = await cluster.chart({
            'app.yaml': app({ container: 'readinessProbe: { exec: { command: ["false"] }, periodSeconds: 1 }' }),
          });
          const failure = await failureOf(deploy(request(chart, { timeoutMs: 8000 }), context));
          assert.equal(failure.code, 'rollout-timeout');
          assert.match(failure.summary, /within 8 s: Deployment probe: 0 of 1 ready/);
          assert.match(failure.evidence.join('\n'), /Readiness probe failed/);
        });

        it('that ignores SIGTERM does not hold up the next revision', async () => {
          const script = "trap '' TERM; echo {{ .Values.word }}; while true; do sleep 1; done";
          const chart = await cluster.chart({ 'app.yaml': app({ script }) });
          await deploy(request(chart), context);
          await deploy(request(chart, { word: 'two' }), context);
          const { pods } = await status();
          assert.ok(
            pods.some(({ phase }) => phase === 'Terminating'),
            'the old pod was waited for',
          );
          await cluster.kubectl('delete', 'pods', '-l', `app=${RELEASE}`, '--force', '--grace-period=0');
        });
      });

      describe('a chart at fault', () => {
        const cases: { title: string; template: string; code: string; says: RegExp; line?: number }[] = [
          {
            title: 'does not render',
            template: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.no.such }}\n',
            code: 'chart-invalid',
            says: /nil pointer/,
            line: 4,
          },
          {
            title: 'has an object that Kubernetes refuses',
            template: app().replace('name: app', 'name: Not_Valid'),
            code: 'object-refused',
            says: /Not_Valid/,
          },
          {
            title: 'has a kind that nobody knows',
            template: 'apiVersion: example.org/v1\nkind: Unknown\nmetadata: { name: x }\n',
            code: 'kind-unknown',
            says: /Unknown/,
          },
        ];
        for (const { title, template, code, says, line } of cases) {
          it(`that ${title} is named, and can be deployed once corrected`, async () => {
            const chart = await cluster.chart({ 'broken.yaml': template });
            const failure = await failureOf(deploy(request(chart), context));
            assert.equal(failure.code, code, JSON.stringify(failure));
            assert.equal(failure.fault, 'app');
            assert.match(failure.summary, says);
            if (line !== undefined) {
              assert.equal(failure.range?.file, join(chart, 'templates', 'broken.yaml'));
              assert.equal(failure.range.start.line, line);
            }
            await deploy(request(await cluster.chart({ 'app.yaml': app() })), context);
            await assertServes('one');
          });
        }

        it('that changes what cannot be changed is told so, and the revision before serves on', async () => {
          const chart = await cluster.chart({ 'app.yaml': app() });
          await deploy(request(chart), context);
          await cluster.chart({ 'app.yaml': app().replaceAll('app: {{ .Release.Name }}', 'app: other') });
          const failure = await failureOf(deploy(request(chart), context));
          assert.equal(failure.code, 'immutable-field');
          assert.match(failure.summary, /Deployment probe .*spec\.selector/);
          assert.ok(failure.nextSteps.length > 0);
          await assertServes('one');
        });

        it('that claims an object of another release is told whose it is', async () => {
          const template = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\n';
          const chart = await cluster.chart({ 'map.yaml': template });
          const other = { ...subject(), release: 'owner' };
          await deploy({ ...request(chart), ...other }, context);
          try {
            const failure = await failureOf(deploy(request(chart), context));
            assert.equal(failure.code, 'object-owned-elsewhere');
            assert.match(failure.summary, /the release owner/);
          } finally {
            await uninstall(other, { toolbox });
          }
        });
      });

      describe('rolling back', () => {
        it('makes the previous revision serve again', async () => {
          const chart = await cluster.chart({ 'app.yaml': app() });
          await deploy(request(chart), context);
          await deploy(request(chart, { word: 'two' }), context);
          assert.deepEqual(await rollback(subject(), context), { revision: 3, changed: true });
          await assertServes('one');
          assert.deepEqual(await rollback({ ...subject(), revision: 2 }, context), { revision: 4, changed: true });
          await assertServes('two');
          assert.deepEqual(await deploy(request(chart, { word: 'two' }), context), { revision: 4, changed: false });
        });

        it('says when there is nothing to go back to', async () => {
          assert.equal((await failureOf(rollback(subject(), context))).code, 'nothing-to-roll-back');
          await deploy(request(await cluster.chart({ 'app.yaml': app() })), context);
          assert.equal((await failureOf(rollback(subject(), context))).code, 'nothing-to-roll-back');
          const unknown = await failureOf(rollback({ ...subject(), revision: 7 }, context));
          assert.equal(unknown.code, 'revision-not-found');
        });
      });

      describe('a release left pending', () => {
        async function leavePending(revision: number, word: string): Promise<void> {
          const secret = `secret/sh.helm.release.v1.${RELEASE}.v${revision}`;
          await cluster.kubectl('label', '--overwrite', secret, `status=${word}`);
          const encoded = await cluster.kubectl('get', secret, '-o', 'jsonpath={.data.release}');
          const patched = withStatus(encoded, word);
          await cluster.kubectl('patch', secret, '--type=merge', '-p', JSON.stringify({ data: { release: patched } }));
        }

        it('by a crashed first installation is installed anew', async () => {
          const chart = await cluster.chart({ 'app.yaml': app() });
          await deploy(request(chart), context);
          await leavePending(1, 'pending-install');
          await deploy(request(chart), context);
          assert.ok(events.some((event) => event.type === 'warning' && event.message.includes('uninstalled')));
          await assertServes('one');
        });

        it('by a crashed upgrade is rolled back and upgraded', async () => {
          const chart = await cluster.chart({ 'app.yaml': app() });
          await deploy(request(chart), context);
          await deploy(request(chart, { word: 'two' }), context);
          await leavePending(2, 'pending-upgrade');
          await deploy(request(chart, { word: 'three' }), context);
          assert.ok(events.some((event) => event.type === 'warning' && event.message.includes('revision 1')));
          await assertServes('three');
          assert.equal((await status()).status, 'deployed');
        });
      });

      describe('cancelling', () => {
        for (const when of ['helm upgrade', 'watching'] as const) {
          it(`the first installation (${when}) leaves nothing`, async () => {
            const chart = await cluster.chart({ 'app.yaml': app() });
            await assertCancels((signal, onEvent) => deploy(request(chart), { ...context, signal, onEvent }), when);
            assert.deepEqual(await history(), []);
            await cluster.kubectl('wait', '--for=delete', 'pod', '-l', `app=${RELEASE}`, '--timeout=60s');
            assert.equal(await cluster.kubectl('get', 'deployments', '-o', 'name'), '');
          });

          it(`an upgrade (${when}) leaves the revision before serving`, async () => {
            const chart = await cluster.chart({ 'app.yaml': app() });
            await deploy(request(chart), context);
            const next = request(chart, { word: 'two' });
            await assertCancels((signal, onEvent) => deploy(next, { ...context, signal, onEvent }), when);
            assert.equal((await status()).status, 'deployed');
            await assertServes('one');
            assert.equal((await deploy(request(chart), context)).changed, false);
          });
        }

        it('at any moment leaves the revision before serving', async () => {
          const chart = await cluster.chart({ 'app.yaml': app() });
          await deploy(request(chart), context);
          for (const ms of [0, 30, 90, 150, 220, 300, 400]) {
            const next = request(chart, { word: `after${ms}` });
            await assert.rejects(deploy(next, { ...context, signal: AbortSignal.timeout(ms) }), { name: 'Cancelled' });
            assert.equal((await status()).status, 'deployed', `after ${ms} ms`);
          }
          await assertServes('one');
        });

        it('a rollback leaves the revision before serving', async () => {
          const chart = await cluster.chart({ 'app.yaml': app() });
          await deploy(request(chart), context);
          await deploy(request(chart, { word: 'two' }), context);
          await assertCancels(
            (signal, onEvent) => rollback(subject(), { ...context, signal, onEvent }),
            'helm rollback',
          );
          assert.equal((await status()).status, 'deployed');
          await assertServes('two');
        });

        async function assertCancels(
          work: (signal: AbortSignal, onEvent: (event: DeployEvent) => void) => Promise<unknown>,
          when: string,
        ): Promise<void> {
          const cancel = new AbortController();
          let cancelled = false;
          const onEvent = (event: DeployEvent) => {
            if (cancelled || event.type !== 'progress' || !event.message.startsWith(when)) return;
            cancelled = true;
            setTimeout(() => cancel.abort(), 100);
          };
          await assert.rejects(work(cancel.signal, onEvent), { name: 'Cancelled' });
        }
      });

      it('keeps to the values: defaults, values file, vapp.yaml, image', async () => {
        const chart = await cluster.chart({ 'app.yaml': app({ script: SERVING.replace('.word', '.env.ADDRESS') }) });
        const base = request(chart);
        const given = {
          ...base,
          defaults: { env: { ADDRESS: 'default' } },
          chart: { ...base.chart, values: { 'env.ADDRESS': 'mine' } },
        };
        await deploy({ ...given, chart: { ...given.chart, values: {} } }, context);
        await assertServes('default');
        await deploy(given, context);
        await assertServes('mine');
      });
    });
  }

  it('goes on with Helm 4 where Helm 3 stopped, and back', async () => {
    const subject = { release: 'mixed', namespace: 'fresh', access: cluster.access };
    const chartPath = await cluster.chart({ 'app.yaml': app({ spec: 'replicas: 1' }) });
    const base = { ...subject, chartPath, image: cluster.image, defaults: {}, timeoutMs: 90_000 };
    const imageValues = { repository: 'image.repository', digest: 'image.digest' };
    for (const [index, helm] of (['VAPP_TEST_HELM3', 'VAPP_TEST_HELM4', 'VAPP_TEST_HELM3'] as const).entries()) {
      const values = { word: `round${index}` };
      const chart = { source: 'repository', path: chartPath, valuesFiles: [], values, imageValues } as const;
      const { revision } = await deploy({ ...base, chart }, { toolbox: cluster.toolbox(helm) });
      assert.equal(revision, index + 1);
    }
    await uninstall(subject, { toolbox: cluster.toolbox('VAPP_TEST_HELM4') });
  });

  it('says when the cluster does not answer', async () => {
    const access = { ...cluster.access, kubeconfig: `${cluster.access.kubeconfig}-away` };
    await cluster.copyKubeconfig(access.kubeconfig, 'https://127.0.0.1:1');
    const status = releaseStatus({ release: RELEASE, namespace: NAMESPACE, access });
    await assert.rejects(status, { code: 'cluster-unreachable', fault: 'environment' });
  });
});

/** A stored release with another status, as a Helm that died in the midst of its work leaves it. */
function withStatus(encoded: string, status: string): string {
  const packed = Buffer.from(Buffer.from(encoded, 'base64').toString('latin1'), 'base64');
  const release = JSON.parse(gunzipSync(packed).toString('utf8')) as { info: { status: string } };
  release.info.status = status;
  const text = gzipSync(JSON.stringify(release)).toString('base64');
  return Buffer.from(text, 'latin1').toString('base64');
}
