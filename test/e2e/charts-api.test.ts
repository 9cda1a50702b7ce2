import { join } from 'node:path';
import { Toolbox } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { HelmCluster } from './support/helm-cluster';

const charts = join(__dirname, '..', '..', 'templates', 'charts');
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** Every part of a chart at least once. */
const CASES: readonly [string, string, object][] = [
  [
    'an app with all that it may have',
    'vehicle-app',
    {
      image: { repository: 'registry.example/app', digest: DIGEST },
      test: { image: { repository: 'registry.example/app-test', digest: DIGEST } },
      imagePullSecrets: [{ name: 'ghcr' }],
      env: { SDV_MQTT_ADDRESS: 'mqtt://mqtt-broker:1883', NUMBER: 1000000 },
      probes: { enabled: true, path: '/healthz' },
      podSecurityContext: { runAsNonRoot: true },
      securityContext: { readOnlyRootFilesystem: true },
      resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi' } },
      podAnnotations: { 'example.org/a': 'b' },
    },
  ],
  [
    'an app by the keys of the old charts',
    'vehicle-app',
    {
      imageVehicleApp: {
        name: 'App',
        repository: 'localhost:12345/app',
        tag: 'local',
        daprAppid: 'app',
        daprPort: 50008,
      },
    },
  ],
  ['the services that there are by default', 'runtime-services', {}],
  [
    'a service with a file',
    'runtime-services',
    {
      services: [{ id: 'mock', image: 'a', files: [{ name: '0-mock.py', mountPath: '/mock.py', content: 'x' }] }],
    },
  ],
];

describe('the API server takes what the built-in charts make', function () {
  this.timeout('5m');
  let cluster: HelmCluster;

  before(async () => {
    cluster = await HelmCluster.create();
  });

  after(() => cluster.dispose());

  for (const [name, variable] of [
    ['Helm 3', 'VAPP_TEST_HELM3'],
    ['Helm 4', 'VAPP_TEST_HELM4'],
  ] as const) {
    for (const [what, chart, values] of CASES) {
      it(`of ${what}, by ${name}`, async () => {
        const args = ['template', 'sampleapp', join(charts, chart), '--namespace', 'default', '--values', '-'];
        const rendered = await cluster.toolbox(variable).run('helm', args, { stdin: JSON.stringify(values) });
        const { kubeconfig, context } = cluster.access;
        const dryRun = ['apply', '--dry-run=server', '--validate=strict', '--filename', '-'];
        await new Toolbox(await stackEnvironment()).run(
          'kubectl',
          ['--kubeconfig', kubeconfig, '--context', context, ...dryRun],
          { stdin: rendered.stdout },
        );
      });
    }
  }
});
