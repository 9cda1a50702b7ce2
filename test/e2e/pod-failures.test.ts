import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startOfFile } from '../../src/base';
import { deploy } from '../../src/deploy';
import { HELM_4, describeDeploying } from './support/deploy-bed';
import { LOCKED_REGISTRY, app } from './support/helm-cluster';

interface Case {
  readonly title: string;
  readonly template: string;
  readonly code: string;
  readonly says: RegExp;
  readonly fault?: string;
  /** Where the answer is only known when nobody waits any longer, milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Without it, a pod that runs for a moment counts as ready, and the revision before is taken away. A busy kubelet tells
 * of an end more than three seconds late, and by then Kubernetes has taken that revision away, whatever we do.
 */
const STAYS = 'minReadySeconds: 10';

const volume = (volumes: string) => ({
  container: 'volumeMounts: [{ name: data, mountPath: /data }]',
  pod: `volumes: [{ name: data, ${volumes} }]`,
});

// A pod that fills its volume is left to the unit tests: the kubelet notices only after one or two minutes.
const CASES: readonly Case[] = [
  {
    title: 'requests more memory than there is',
    template: app({ container: 'resources: { requests: { memory: 900Gi } }' }),
    code: 'unschedulable-resources',
    says: /as much memory free/,
  },
  {
    title: 'wants another node',
    template: app({ pod: 'nodeSelector: { vehicle: truck }' }),
    code: 'unschedulable-selector',
    says: /labels/,
  },
  {
    title: 'mounts a ConfigMap that is not there',
    template: app(volume('configMap: { name: settings }')),
    code: 'volume-missing',
    says: /The ConfigMap settings, which the pod mounts/,
  },
  {
    title: 'mounts a volume claim that is not there',
    template: app(volume('persistentVolumeClaim: { claimName: disk }')),
    code: 'volume-missing',
    says: /The volume claim disk /,
  },
  {
    title: 'has an init container that fails',
    template: app({ pod: `initContainers: [${container('prepare', 'echo no table; exit 4')}]` }),
    code: 'init-container-failed',
    says: /init container prepare failed with exit code 4[^]*no table/,
  },
  {
    title: 'is ended by a signal',
    template: app({ spec: STAYS, script: 'sleep 60 & kill -SEGV $!; wait $!; exit $?' }),
    code: 'app-exited',
    says: /exit code 139 \(signal SIGSEGV\)/,
  },
  {
    title: 'names an image that its registry does not have',
    template: app({ image: '{{ .Values.image.repository }}:no-such-tag' }),
    code: 'image-not-found',
    says: /no-such-tag (?:does not exist|is not in its registry)/,
  },
  {
    title: 'fails its liveness probe',
    template: app({
      spec: 'minReadySeconds: 60',
      container: 'livenessProbe: { tcpSocket: { port: 50008 }, periodSeconds: 1, failureThreshold: 1 }',
    }),
    code: 'liveness-probe-failed',
    says: /connection refused/,
  },
  {
    title: 'fails its readiness probe',
    template: app({ container: 'readinessProbe: { httpGet: { port: 50008, path: /healthz }, periodSeconds: 1 }' }),
    code: 'readiness-probe-failed',
    says: /connection refused[^]*within 20 s/,
    timeoutMs: 20_000,
  },
  {
    title: 'writes to a read-only file system',
    template: app({
      spec: STAYS,
      script: 'echo x > /state',
      container: 'securityContext: { readOnlyRootFilesystem: true }',
    }),
    code: 'file-system-read-only',
    says: /Read-only file system/,
  },
  {
    title: 'asks for a host that is not known',
    template: app({ spec: STAYS, script: 'wget http://mqtt.nowhere:1883/; exit 1' }),
    code: 'name-not-resolved',
    says: /the host mqtt\.nowhere is not known/,
  },
  {
    title: 'may not run as root',
    template: app({ container: 'securityContext: { runAsNonRoot: true }' }),
    code: 'image-runs-as-root',
    says: /the image runs as root/,
  },
  {
    title: 'runs as a service account that is not there',
    template: app({ pod: 'serviceAccountName: robot' }),
    code: 'pod-refused',
    says: /service account default\/robot/,
  },
];

describeDeploying(
  'a pod of the cluster that can never become ready',
  (bed) => {
    for (const { title, template, code, says, fault = 'app', timeoutMs = 90_000 } of CASES) {
      it(`because it ${title}, is explained, and the revision before serves on`, async () => {
        const chart = await bed().cluster.chart({ 'app.yaml': app() });
        await deploy(bed().request(chart), bed().context);
        await bed().cluster.chart({ 'app.yaml': template });
        const failure = await bed().failureOf(deploy(bed().request(chart, { timeoutMs }), bed().context));
        assert.equal(failure.code, code, JSON.stringify(failure));
        assert.equal(failure.fault, fault);
        assert.match([failure.summary, ...failure.evidence].join('\n'), says);
        assert.ok((await bed().status()).pods.some(({ containers }) => containers.every(({ ready }) => ready)));
      });
    }

    it('because a quota forbids it, is explained by the quota', async () => {
      const { cluster } = bed();
      await cluster.kubectl('create', 'quota', 'small', '--hard=pods=0');
      try {
        const chart = await cluster.chart({ 'app.yaml': app() });
        const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
        assert.equal(failure.code, 'quota-exceeded', JSON.stringify(failure));
        assert.match(failure.summary, /The quota small /);
      } finally {
        await cluster.kubectl('delete', 'quota', 'small');
      }
    });

    it('is not what a Service reaches that selects it wrongly, which is told at the value', async () => {
      const { cluster } = bed();
      const labels = 'app: {{ .Release.Name }}';
      const chart = await cluster.chart(
        {
          'app.yaml': app({ container: 'ports: [{ name: http, containerPort: 8080 }]' }),
          'wrong.yaml': service('wrong', 'app: {{ .Values.front.app }}', 'port: 80'),
          'port.yaml': service('port', labels, 'port: 80\n    targetPort: htpt'),
          'fine.yaml': service('fine', labels, 'port: 80\n    targetPort: http'),
          'elsewhere.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: elsewhere }\nspec: { clusterIP: None }\n',
        },
        'front:\n  app: probe-front\n',
      );
      const request = bed().request(chart);
      const value = { ...startOfFile(join(chart, 'values.yaml')), start: { line: 2, column: 3 } };
      const valueRanges = new Map([['front.app', value]]);
      for (const changed of [true, false]) {
        bed().events.length = 0;
        const result = await deploy({ ...request, chart: { ...request.chart, valueRanges } }, bed().context);
        assert.equal(result.changed, changed);
        const told = bed().events.flatMap((event) => (event.type === 'warning' ? (event.explanation ?? []) : []));
        assert.deepEqual(
          told.map(({ code, range, related }) => [code, range?.file, range?.start.line, related[0]?.range]),
          [
            ['service-port-unknown', join(chart, 'templates', 'port.yaml'), 10, undefined],
            ['service-without-pods', join(chart, 'templates', 'wrong.yaml'), 7, value],
          ],
        );
        assert.match(told.map(({ summary }) => summary).join('\n'), /port named htpt[^]*app=probe-front/);
      }
    });

    it('because its registry lets nobody in, is explained by that', async () => {
      const { cluster } = bed();
      const unlock = await cluster.lockRegistry();
      try {
        const chart = await cluster.chart({ 'app.yaml': app({ image: `${LOCKED_REGISTRY}/app:1` }) });
        const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
        assert.equal(failure.code, 'image-pull-denied', JSON.stringify(failure));
        assert.match(failure.evidence.join('\n'), /401/);
      } finally {
        await unlock();
      }
    });

    it('because its node is short of disk space, is explained by that, scheduled or not', async () => {
      const { cluster } = bed();
      const node = await cluster.addFullNode();
      const there = `nodeSelector: { kubernetes.io/hostname: ${node} }`;
      const tolerant = 'tolerations: [{ key: node.kubernetes.io/disk-pressure, operator: Exists }]';
      for (const [pod, says] of [
        [there, /takes no new pod, because it is short of disk space/],
        [`${there}\n${tolerant}`, /put the pod out: .*DiskPressure/],
      ] as const) {
        const chart = await cluster.chart({ 'app.yaml': app({ pod }) });
        const failure = await bed().failureOf(deploy(bed().request(chart), bed().context));
        assert.equal(failure.code, 'node-pressure', JSON.stringify(failure));
        assert.equal(failure.fault, 'environment');
        assert.match(failure.summary, says);
      }
    });

    it('because its program is for another processor, is explained by that', async () => {
      const { cluster } = bed();
      const image = await cluster.build('foreign', FOREIGN);
      const chart = await cluster.chart({ 'app.yaml': app().replace(/command: .*/, 'command: ["/program"]') });
      const failure = await bed().failureOf(deploy(bed().request(chart, { image }), bed().context));
      assert.equal(failure.code, 'image-platform', JSON.stringify(failure));
    });
  },
  { helms: HELM_4 },
);

function service(name: string, selector: string, port: string): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector:
    ${selector}
  ports:
  - ${port}
`;
}

function container(name: string, script: string): string {
  const image = '"{{ .Values.image.repository }}@{{ .Values.image.digest }}"';
  return `{ name: ${name}, image: ${image}, command: ["sh", "-c", ${JSON.stringify(script)}] }`;
}

/** The header of an executable for IBM's s390x (ELF machine 22), which nobody emulates here. */
const FOREIGN = `FROM busybox AS make
RUN printf '\\177ELF\\002\\002\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\000\\026' > /program && head -c 200 /dev/zero >> /program && chmod +x /program
FROM scratch
COPY --from=make /program /program
`;
