import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { defaultServices } from '../../src/project/service-defaults';
import { Toolbox } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';

const charts = join(__dirname, '..', '..', 'templates', 'charts');
const VEHICLE_APP = join(charts, 'vehicle-app');
const RUNTIME_SERVICES = join(charts, 'runtime-services');
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const IMAGE = { repository: 'registry.vapp.internal:5000/sampleapp', digest: DIGEST };

/** The longest name that Helm gives a release. */
const LONGEST = 'a'.repeat(53);

type Values = Record<string, unknown>;

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly spec?: Values;
  readonly binaryData?: Record<string, string>;
}

interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: Values & { readonly containers: Values[]; readonly volumes?: unknown };
}

describe('the built-in charts', function () {
  this.timeout('1m');

  for (const [name, variable] of [
    ['Helm 3', 'VAPP_TEST_HELM3'],
    ['Helm 4', 'VAPP_TEST_HELM4'],
  ] as const) {
    describe(`with ${name}`, () => {
      let toolbox: Toolbox;

      before(async () => {
        const env = await stackEnvironment();
        assert.ok(env[variable], `${variable} names the binary`);
        toolbox = new Toolbox({ ...env, VAPP_HELM: env[variable] });
        assert.equal((await toolbox.version('helm')).split('.')[0], name.slice(-1));
      });

      async function render(chart: string, values: Values, release = 'sampleapp'): Promise<KubernetesObject[]> {
        const args = ['template', release, chart, '--namespace', 'apps', '--values', '-'];
        const { stdout } = await toolbox.run('helm', args, { stdin: JSON.stringify(values) });
        return parseAllDocuments(stdout)
          .map((document) => document.toJS() as KubernetesObject | null)
          .filter((object) => object !== null);
      }

      async function refusal(chart: string, values: Values): Promise<string> {
        const args = ['template', 'sampleapp', chart, '--values', '-'];
        const accept = { stdin: JSON.stringify(values), acceptExitCodes: [1] };
        const { exitCode, stderr } = await toolbox.run('helm', args, accept);
        assert.equal(exitCode, 1, 'the values are refused');
        return stderr;
      }

      async function renderApp(values: Values, release?: string) {
        const objects = await render(VEHICLE_APP, values, release);
        const deployment = find(objects, 'Deployment');
        const pod = podOf(deployment);
        return { objects, deployment, service: find(objects, 'Service'), pod, container: pod.spec.containers[0]! };
      }

      for (const chart of [VEHICLE_APP, RUNTIME_SERVICES]) {
        it(`passes helm lint --strict: ${chart.slice(charts.length + 1)}`, async () => {
          await toolbox.run('helm', ['lint', '--strict', chart]);
        });
      }

      describe('vehicle-app', () => {
        it('pins the image by digest and replaces pods without a gap', async () => {
          const { deployment, container } = await renderApp({ image: { ...IMAGE, tag: '0123456789ab' } });
          assert.equal(container['image'], `${IMAGE.repository}@${DIGEST}`);
          assert.equal(container['imagePullPolicy'], 'IfNotPresent');
          assert.deepEqual(deployment.spec?.['strategy'], {
            type: 'RollingUpdate',
            rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
          });
        });

        it('takes a tag where there is no digest', async () => {
          const { container } = await renderApp({ image: { repository: 'ghcr.io/o/a', tag: 'v1.2' } });
          assert.equal(container['image'], 'ghcr.io/o/a:v1.2');
        });

        it('takes the keys of the old Velocitas charts, and image wins over them', async () => {
          const old = {
            name: 'SampleApp',
            repository: 'localhost:12345/sampleapp',
            tag: 'local',
            pullPolicy: 'Always',
            daprAppid: 'sampleapp',
            daprPort: 50008,
          };
          const { container } = await renderApp({ imageVehicleApp: old });
          assert.equal(container['image'], 'localhost:12345/sampleapp:local');
          assert.equal(container['imagePullPolicy'], 'Always');

          const pinned = await renderApp({ imageVehicleApp: old, image: IMAGE });
          assert.equal(pinned.container['image'], `${IMAGE.repository}@${DIGEST}`);

          const split = { repository: `${IMAGE.repository}@sha256`, tag: DIGEST.slice('sha256:'.length) };
          const byTag = await renderApp({ imageVehicleApp: split });
          assert.equal(byTag.container['image'], `${IMAGE.repository}@${DIGEST}`);
        });

        it('hands on the environment to the letter', async () => {
          const env = {
            SDV_MQTT_ADDRESS: 'mqtt://mqtt-broker:1883',
            NUMBER: 1000000,
            FRACTION: 0.5,
            FLAG: true,
            YES: 'yes',
            EMPTY: '',
            QUOTES: `"double" and 'single' \\ backslash`,
            LINES: 'one\ntwo: {{ .Values }}\t# three',
            UMLAUT: 'schöne Größe 🚗',
          };
          const { container } = await renderApp({ image: IMAGE, env });
          const list = container['env'] as { name: string; value: string }[];
          assert.deepEqual(
            Object.fromEntries(list.map((entry) => [entry.name, entry.value])),
            Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)])),
          );
        });

        it('lets images of root run, without privileges and without a token of the cluster', async () => {
          const { pod, container } = await renderApp({ image: IMAGE });
          assert.equal(pod.spec['automountServiceAccountToken'], false);
          assert.equal(pod.spec['enableServiceLinks'], false);
          assert.deepEqual(pod.spec['securityContext'], { seccompProfile: { type: 'RuntimeDefault' } });
          assert.deepEqual(container['securityContext'], {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          });
          assert.equal(container['readinessProbe'], undefined);
          assert.equal(container['command'], undefined);
        });

        it('asks for readiness where the app says so', async () => {
          const tcp = await renderApp({ image: IMAGE, probes: { enabled: true } });
          assert.deepEqual(tcp.container['readinessProbe'], {
            tcpSocket: { port: 'app' },
            periodSeconds: 1,
            failureThreshold: 3,
          });
          const http = await renderApp({ image: IMAGE, probes: { enabled: true, path: '/healthz' } });
          assert.deepEqual(http.container['readinessProbe'], {
            httpGet: { path: '/healthz', port: 'app' },
            periodSeconds: 1,
            failureThreshold: 3,
          });
        });

        it('hardens further by values, beside its own defaults', async () => {
          const { pod, container } = await renderApp({
            image: IMAGE,
            podSecurityContext: { runAsNonRoot: true },
            securityContext: { readOnlyRootFilesystem: true },
            imagePullSecrets: [{ name: 'ghcr' }],
            resources: { limits: { memory: '128Mi' } },
          });
          assert.deepEqual(pod.spec['securityContext'], {
            runAsNonRoot: true,
            seccompProfile: { type: 'RuntimeDefault' },
          });
          assert.deepEqual(container['securityContext'], {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          });
          assert.deepEqual(pod.spec['imagePullSecrets'], [{ name: 'ghcr' }]);
          assert.deepEqual(container['resources'], { limits: { memory: '128Mi' } });
        });

        it('leads the service to the app’s port and selects its pods only', async () => {
          const { deployment, service, pod, container } = await renderApp({ image: IMAGE, port: 8080 });
          assert.deepEqual(container['ports'], [{ name: 'app', containerPort: 8080 }]);
          assert.deepEqual(service.spec?.['ports'], [{ name: 'app', port: 8080, targetPort: 'app' }]);
          const selector = service.spec['selector'] as Record<string, string>;
          assert.deepEqual(deployment.spec?.['selector'], { matchLabels: selector });
          assert.equal(selector['app.kubernetes.io/instance'], 'sampleapp');
          assertContains(pod.metadata.labels, selector);
        });

        it('names objects after the release, validly, and labels them as recommended', async () => {
          const { objects } = await renderApp({ image: IMAGE }, 'seat-adjuster');
          for (const object of objects) {
            assert.equal(object.metadata.name, 'seat-adjuster');
            assert.equal(object.metadata.namespace, 'apps');
            assertContains(object.metadata.labels, {
              'app.kubernetes.io/name': 'seat-adjuster',
              'app.kubernetes.io/instance': 'seat-adjuster',
              'app.kubernetes.io/component': 'vehicle-app',
              'app.kubernetes.io/managed-by': 'Helm',
            });
          }
          const nameOf = async (values: Values, release: string) =>
            (await renderApp({ image: IMAGE, ...values }, release)).service.metadata.name;
          assert.equal(await nameOf({}, '3d.view'), 'app-3d-view');
          assert.equal(await nameOf({ fullnameOverride: 'other' }, 'x'), 'other');
        });

        it('tests the app with an image of its own, as hardened as the app and beside its service', async () => {
          const digest = DIGEST.replace('0', 'f');
          const values = {
            image: IMAGE,
            env: { SDV_MQTT_ADDRESS: 'mqtt://mqtt-broker:1883' },
            podSecurityContext: { runAsNonRoot: true },
            securityContext: { readOnlyRootFilesystem: true },
            imagePullSecrets: [{ name: 'ghcr' }],
          };
          const plain = await renderApp(values);
          assert.ok(!plain.objects.some(({ kind }) => kind === 'Pod'), 'without an image there is no test');

          const tested = await renderApp({ ...values, test: { image: { repository: 'r/tests', digest, tag: 'x' } } });
          const { metadata, spec } = find(tested.objects, 'Pod') as unknown as PodTemplate & KubernetesObject;
          assert.equal(metadata.name, 'sampleapp-test');
          assert.deepEqual((metadata as { annotations?: unknown }).annotations, {
            'helm.sh/hook': 'test',
            'helm.sh/hook-delete-policy': 'before-hook-creation',
          });
          assert.equal(spec['restartPolicy'], 'Never');
          const container = spec.containers[0]!;
          assert.equal(container['image'], `r/tests@${digest}`);
          for (const key of ['env', 'securityContext', 'imagePullPolicy']) {
            assert.deepEqual(container[key], tested.container[key], key);
          }
          for (const key of ['securityContext', 'imagePullSecrets', 'automountServiceAccountToken']) {
            assert.deepEqual(spec[key], tested.pod.spec[key], key);
          }
          const selector = tested.service.spec?.['selector'] as Record<string, string>;
          assert.notEqual(metadata.labels['app.kubernetes.io/component'], selector['app.kubernetes.io/component']);
          assert.deepEqual(tested.deployment, plain.deployment, 'and the app does not restart for it');
          const byTag = await renderApp({ image: IMAGE, test: { image: { repository: 'r/tests', tag: '1' } } });
          assert.match(JSON.stringify(byTag.objects), /"image":"r\/tests:1"/);
          const long = await render(
            VEHICLE_APP,
            { image: IMAGE, test: { image: { repository: 'r', tag: '1' } } },
            LONGEST,
          );
          assert.ok(find(long, 'Pod').metadata.name.length <= 63);
        });

        it('restarts nothing for another version of the chart or another label', async () => {
          const { pod, deployment } = await renderApp({ image: IMAGE });
          assert.equal(pod.metadata.labels['helm.sh/chart'], undefined);
          const renamed = await renderApp({ image: IMAGE, nameOverride: 'other' });
          assert.equal(renamed.deployment.metadata.labels['app.kubernetes.io/name'], 'other');
          assert.deepEqual(renamed.deployment.spec?.['selector'], deployment.spec?.['selector']);
        });

        it('refuses wrong values and names them', async () => {
          const cases: [Values, RegExp][] = [
            [{}, /image\.repository is missing/],
            [{ image: { repository: 'a' } }, /image\.digest or image\.tag is missing/],
            [{ image: { repository: 'a', digest: 'sha256:12' } }, /image[./]digest.*does not match pattern/i],
            [{ image: { ...IMAGE, tga: 'x' } }, /additional propert.*tga|tga.*additional/i],
            [{ image: IMAGE, port: '50008' }, /port.*(string|integer)/],
            [{ image: IMAGE, port: 70000 }, /port.*(65535|65,535)/],
            [{ image: IMAGE, env: { A: { b: 'c' } } }, /env[./]A.*object/],
            [{ image: IMAGE, env: { 'not a name': 'c' } }, /not a name/],
            [{ image: IMAGE, replica: 2 }, /replica/],
            [
              { image: IMAGE, test: { image: { repository: 'a' } } },
              /test\.image\.digest or test\.image\.tag is missing/,
            ],
            [{ image: IMAGE, test: { image: { digest: 'x' } } }, /digest.*does not match pattern/i],
            [{ image: IMAGE, test: { img: 'a' } }, /additional propert.*img|img.*additional/i],
          ];
          for (const [values, message] of cases) assert.match(await refusal(VEHICLE_APP, values), message);
        });
      });

      describe('runtime-services', () => {
        it('has the services of a repository without runtime.json as its defaults', async () => {
          const { stdout } = await toolbox.run('helm', ['show', 'values', RUNTIME_SERVICES]);
          const { services } = parseAllDocuments(stdout)[0]!.toJS() as { services: unknown };
          const expected = defaultServices().map(({ id, image, args, ports }) => ({
            id,
            image,
            args,
            ports: ports.map(({ container, node }) => ({ container, node })),
          }));
          assert.deepEqual(services, expected);
        });

        it('makes one deployment and one service of each, under its id', async () => {
          const objects = await render(RUNTIME_SERVICES, {}, 'runtime-services');
          assert.deepEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(), [
            'Deployment mqtt-broker',
            'Deployment vehicledatabroker',
            'Service mqtt-broker',
            'Service vehicledatabroker',
          ]);
          const broker = find(objects, 'Deployment', 'mqtt-broker');
          assert.deepEqual(broker.spec?.['strategy'], { type: 'Recreate' });
          const [container] = podOf(broker).spec.containers;
          assert.deepEqual(container?.['args'], ['mosquitto', '-c', '/mosquitto-no-auth.conf']);
          assert.deepEqual(container['startupProbe'], {
            tcpSocket: { port: 1883 },
            periodSeconds: 1,
            failureThreshold: 600,
          });
          const service = find(objects, 'Service', 'mqtt-broker').spec;
          assert.equal(service?.['type'], 'NodePort');
          assert.deepEqual(service['ports'], [{ name: 'port-1883', port: 1883, targetPort: 1883, nodePort: 31883 }]);
          assertContains(podOf(broker).metadata.labels, service['selector'] as Record<string, string>);
        });

        it('keeps a service without node port inside the cluster, and one without ports without a service', async () => {
          const objects = await render(RUNTIME_SERVICES, {
            services: [
              { id: 'inside', image: 'a', ports: [{ container: 50051 }] },
              { id: 'silent', image: 'b', args: [], env: {}, ports: [], files: [] },
            ],
          });
          assert.equal(find(objects, 'Service', 'inside').spec?.['type'], 'ClusterIP');
          assert.equal(objects.filter(({ kind }) => kind === 'Service').length, 1);
          const [container] = podOf(find(objects, 'Deployment', 'silent')).spec.containers;
          assert.equal(container?.['startupProbe'], undefined);
        });

        it('hands on arguments and environment to the letter', async () => {
          const args = ['--name', 'a b', '"quoted"', 'true', '{{ .Release }}', '#'];
          const services = [{ id: 'echo', image: 'a', args, env: { PORT: 50051, TEXT: 'on' } }];
          const [container] = podOf(find(await render(RUNTIME_SERVICES, { services }), 'Deployment')).spec.containers;
          assert.deepEqual(container?.['args'], args);
          assert.deepEqual(container['env'], [
            { name: 'PORT', value: '50051' },
            { name: 'TEXT', value: 'on' },
          ]);
        });

        it('mounts files byte by byte and restarts the service when one changes', async () => {
          const withContent = (content: string) => ({
            services: [{ id: 'mock', image: 'a', files: [{ name: '0-mock.py', mountPath: '/mock.py', content }] }],
          });
          const content = 'line one\r\n\ttwo: ä 🚗 \u0001\n\n  # end without a line break';
          const objects = await render(RUNTIME_SERVICES, withContent(content));
          const data = find(objects, 'ConfigMap', 'mock-files').binaryData?.['0-mock.py'] ?? '';
          assert.equal(Buffer.from(data, 'base64').toString('utf8'), content);
          const pod = podOf(find(objects, 'Deployment'));
          assert.deepEqual(pod.spec.containers[0]?.['volumeMounts'], [
            { name: 'files', mountPath: '/mock.py', subPath: '0-mock.py', readOnly: true },
          ]);
          assert.deepEqual(pod.spec.volumes, [{ name: 'files', configMap: { name: 'mock-files' } }]);

          const checksum = async (text: string) =>
            podOf(find(await render(RUNTIME_SERVICES, withContent(text)), 'Deployment')).metadata.annotations;
          assert.deepEqual(await checksum(content), pod.metadata.annotations);
          assert.notDeepEqual(await checksum('other'), pod.metadata.annotations);
        });

        it('refuses wrong services and names what is wrong', async () => {
          const refused = (service: Values) => refusal(RUNTIME_SERVICES, { services: [service] });
          assert.match(await refused({ image: 'a' }), /services[./]0.*id/);
          assert.match(await refused({ id: 'Broker', image: 'a' }), /services[./]0[./]id.*pattern/);
          assert.match(
            await refused({ id: 'a', image: 'a', ports: [{ container: 1, node: 80 }] }),
            /node.*(30000|30,000)/,
          );
          assert.match(await refused({ id: 'a', image: 'a', port: 1883 }), /port/);
        });
      });
    });
  }
});

function find(objects: readonly KubernetesObject[], kind: string, name?: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && (name === undefined || object.metadata.name === name));
  assert.ok(found, `there is a ${kind} ${name ?? ''}`);
  return found;
}

function podOf(deployment: KubernetesObject): PodTemplate {
  return deployment.spec?.['template'] as PodTemplate;
}

function assertContains(actual: Record<string, string>, expected: Record<string, string>): void {
  for (const [key, value] of Object.entries(expected)) assert.equal(actual[key], value, key);
}
