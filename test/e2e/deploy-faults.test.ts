import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startOfFile } from '../../src/base';
import { deploy, rollback, uninstall, type DeployEvent } from '../../src/deploy';
import { RELEASE, describeDeploying } from './support/deploy-bed';
import { app } from './support/helm-cluster';

/**
 * Without it, a pod that runs for a moment counts as ready, and the revision before is taken away. A busy kubelet tells
 * of an end more than three seconds late, and by then Kubernetes has taken that revision away, whatever we do.
 */
const STAYS = 'minReadySeconds: 10';
/** The beginning of an object that nobody refuses. */
const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n# Its words.\ndata:\n';
const VALUE = startOfFile('/repo/values.yaml');

describeDeploying('a deployment that does not come to its end', (bed) => {
  describe('an app at fault', () => {
    const cases: { title: string; template: string; code: string; says: RegExp; fault?: string }[] = [
      {
        title: 'ends at once',
        template: app({ script: 'echo going; echo down >&2; exit 3', spec: STAYS }),
        code: 'app-exited',
        says: /exit code 3[^]*down/,
      },
      {
        title: 'ends after a second',
        template: app({ script: 'sleep 1; echo down; exit 5', spec: STAYS }),
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
          spec: STAYS,
          container: 'resources: { limits: { memory: 16Mi } }',
        }),
        code: 'out-of-memory',
        says: /memory/,
      },
    ];
    for (const { title, template, code, says, fault = 'app' } of cases) {
      it(`that ${title} ends the wait, and the revision before serves on`, async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart), bed().context);
        await bed().cluster.chart({ 'app.yaml': template });
        const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
        assert.equal(failure.code, code, JSON.stringify(failure));
        assert.equal(failure.fault, fault);
        assert.match([failure.summary, ...failure.evidence].join('\n'), says);
        assert.ok((await bed().status()).pods.some(({ containers }) => containers.every(({ ready }) => ready)));
      });
    }

    it('that nothing probes and that ends after a second ends the wait', async () => {
      const chart = await bed().cluster.chart({ 'app.yaml': app({ script: 'sleep 1; echo down; exit 5' }) });
      const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
      assert.equal(failure.code, 'app-exited');
      assert.ok(failure.evidence.includes('down'), failure.evidence.join('\n'));
    });

    it('that never becomes ready is named with its probe', async () => {
      const chart = await bed().cluster.chart({
        'app.yaml': app({ container: 'readinessProbe: { exec: { command: ["false"] }, periodSeconds: 1 }' }),
      });
      const failure = await bed().failureOf(deploy(bed().request(chart, { timeoutMs: 20_000 }), bed().context));
      assert.equal(failure.code, 'readiness-probe-failed', JSON.stringify(failure));
      assert.match(
        failure.evidence.join('\n'),
        /Readiness probe failed[^]*within 20 s: Deployment probe: 0 of 1 ready/,
      );
      assert.ok(
        bed().events.some((event) => event.type === 'progress' && /Readiness probe failed/.test(event.message)),
      );
    });

    it('that ignores SIGTERM does not hold up the next revision', async () => {
      const script = "trap '' TERM; echo {{ .Values.word }}; while true; do sleep 1; done";
      const chart = await bed().cluster.chart({ 'app.yaml': app({ script }) });
      await deploy(bed().request(chart), bed().context);
      await deploy(bed().request(chart, { word: 'two' }), bed().context);
      const { pods } = await bed().status();
      assert.ok(
        pods.some(({ phase }) => phase === 'Terminating'),
        'the old pod was waited for',
      );
      await bed().cluster.kubectl('delete', 'pods', '-l', `app=${RELEASE}`, '--force', '--grace-period=0');
    });
  });

  describe('a chart at fault', () => {
    const cases: { title: string; template: string; code: string; says: RegExp; line: number }[] = [
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
        line: 15,
      },
      {
        title: 'has a kind that nobody knows',
        template: 'apiVersion: example.org/v1\nkind: Unknown\nmetadata: { name: x }\n',
        code: 'kind-unknown',
        says: /Unknown/,
        line: 1,
      },
    ];
    for (const { title, template, code, says, line } of cases) {
      it(`that ${title} is named, and can be deployed once corrected`, async () => {
        const chart = await bed().cluster.chart({ 'broken.yaml': template });
        const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
        assert.equal(failure.code, code, JSON.stringify(failure));
        assert.equal(failure.fault, 'app');
        assert.match(failure.summary, says);
        assert.equal(failure.range?.file, join(chart, 'templates', 'broken.yaml'));
        assert.equal(failure.range.start.line, line);
        await deploy(bed().request(await bed().cluster.chart({ 'app.yaml': app() })), bed().context);
        await bed().assertServes('one');
      });
    }

    const decided: {
      title: string;
      template: string;
      code: string;
      says: RegExp;
      line: number;
      values: Readonly<Record<string, unknown>>;
      /** The one that decides it. */
      value: string;
    }[] = [
      {
        title: 'renders to no YAML',
        template: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: first }\n---\n${MAP}  fine: 1\n  word: {{ .Values.word }}\n`,
        code: 'chart-invalid',
        says: /renders to what is no YAML: templates\/broken\.yaml, line 11: “word: a: b”: mapping values/,
        line: 11,
        values: { word: 'a: b' },
        value: 'word',
      },
      {
        title: 'renders to quotes that do not close',
        template: `${MAP}  word: '{{ .Values.word }}'\n  fine: 1\n`,
        code: 'chart-invalid',
        says: /templates\/broken\.yaml, line 6: “word: 'it's'”/,
        line: 6,
        values: { word: "it's" },
        value: 'word',
      },
      {
        title: 'has a value deep in a map that Kubernetes refuses',
        template: app({ container: 'resources:\n  {{- toYaml .Values.resources | nindent 12 }}' }),
        code: 'object-refused',
        says: /memory/,
        line: 19,
        values: { resources: { limits: { cpu: '1', memory: '-1Mi' } } },
        value: 'resources.limits.memory',
      },
    ];
    for (const { title, template, code, says, line, values, value } of decided) {
      it(`that ${title} is placed at its line, and at the value that it takes`, async () => {
        const chart = await bed().cluster.chart({ 'broken.yaml': template });
        const request = bed().request(chart);
        const set = { ...request.chart, values, valueRanges: new Map([[value, VALUE]]) };
        const failure = await bed().failureOf(deploy({ ...request, chart: set }, bed().context));
        assert.equal(failure.code, code, JSON.stringify(failure));
        assert.match(failure.summary, says);
        assert.equal(failure.range?.file, join(chart, 'templates', 'broken.yaml'));
        assert.equal(failure.range.start.line, line);
        assert.deepEqual(failure.related, [{ range: VALUE, message: `the value ${value}` }]);
      });
    }

    it('that changes what cannot be changed is told so, and the revision before serves on', async () => {
      const chart = await bed().cluster.chart({ 'app.yaml': app() });
      await deploy(bed().request(chart), bed().context);
      await bed().cluster.chart({ 'app.yaml': app().replaceAll('app: {{ .Release.Name }}', 'app: other') });
      const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
      assert.equal(failure.code, 'immutable-field');
      assert.match(failure.summary, /Deployment probe .*spec\.selector/);
      assert.equal(failure.range?.file, join(chart, 'templates', 'app.yaml'));
      assert.equal(failure.range.start.line, 7);
      assert.ok(failure.nextSteps.length > 0);
      await bed().assertServes('one');
    });

    it('that claims an object of another release is told whose it is', async () => {
      const template = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shared }\n';
      const chart = await bed().cluster.chart({ 'map.yaml': template });
      const other = { ...bed().subject(), release: 'owner' };
      await deploy({ ...bed().request(chart), ...other }, bed().context);
      try {
        const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
        assert.equal(failure.code, 'object-owned-elsewhere');
        assert.match(failure.summary, /the release owner/);
      } finally {
        await uninstall(other, { toolbox: bed().toolbox });
      }
    });
  });

  describe('cancelling', () => {
    for (const when of ['helm upgrade', 'watching'] as const) {
      it(`the first installation (${when}) leaves nothing`, async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await assertCancels(
          (signal, onEvent) => deploy(bed().request(chart), { ...bed().context, signal, onEvent }),
          when,
        );
        assert.deepEqual(await bed().history(), []);
        await bed().cluster.kubectl('wait', '--for=delete', 'pod', '-l', `app=${RELEASE}`, '--timeout=60s');
        assert.equal(await bed().cluster.kubectl('get', 'deployments', '-o', 'name'), '');
      });

      it(`an upgrade (${when}) leaves the revision before serving`, async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart), bed().context);
        const next = bed().request(chart, { word: 'two' });
        await assertCancels((signal, onEvent) => deploy(next, { ...bed().context, signal, onEvent }), when);
        assert.equal((await bed().status()).status, 'deployed');
        await bed().assertServes('one');
        assert.equal((await deploy(bed().request(chart), bed().context)).changed, false);
      });
    }

    it('at any moment leaves the revision before serving', async () => {
      const chart = await bed().cluster.chart({ 'app.yaml': app() });
      await deploy(bed().request(chart), bed().context);
      for (const ms of [0, 30, 90, 150, 220, 300, 400]) {
        const next = bed().request(chart, { word: `after${ms}` });
        await assert.rejects(deploy(next, { ...bed().context, signal: AbortSignal.timeout(ms) }), {
          name: 'Cancelled',
        });
        assert.equal((await bed().status()).status, 'deployed', `after ${ms} ms`);
      }
      await bed().assertServes('one');
    });

    it('a rollback leaves the revision before serving', async () => {
      const chart = await bed().cluster.chart({ 'app.yaml': app() });
      await deploy(bed().request(chart), bed().context);
      await deploy(bed().request(chart, { word: 'two' }), bed().context);
      await assertCancels(
        (signal, onEvent) => rollback(bed().subject(), { ...bed().context, signal, onEvent }),
        'helm rollback',
      );
      assert.equal((await bed().status()).status, 'deployed');
      await bed().assertServes('two');
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
});
