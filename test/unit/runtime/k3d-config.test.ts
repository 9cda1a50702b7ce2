import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { configurationHash, k3dConfig, wantedNodePorts, type ClusterPlan } from '../../../src/runtime/k3d-config';
import { nodeProxies } from '../../../src/runtime/proxies';
import type { RuntimeSettings, Service } from '../../../src/project';

const plan: ClusterPlan = {
  cluster: 'vapp-seat-1234abcd',
  workspace: '/home/ada/Seat $HOME "quoted" = ümlaut',
  image: 'rancher/k3s:v1.34.3-k3s1',
  agents: 0,
  ports: { api: 20_000, nodePorts: [{ host: 31_884, node: 31_883 }] },
  configuration: 'abc',
  nodeEnvironment: {},
};

const service = (id: string, ports: Service['ports'], enabled = true): Service => ({
  id,
  enabled,
  image: `${id}:1`,
  args: [],
  env: {},
  ports,
  mounts: [],
  interfaces: [],
});

const settings: RuntimeSettings = { agents: 0, ports: [{ host: 8080, node: 30_080 }] };

/** Go's os.ExpandEnv, which k3d applies to its whole configuration file. */
const expandEnv = (text: string, env: Readonly<Record<string, string>>) =>
  text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_, braced: string | undefined, bare: string | undefined) => env[braced ?? bare ?? ''] ?? '',
  );

const asK3dReadsIt = (config: ReturnType<typeof k3dConfig>) =>
  parse(expandEnv(config.text, config.env)) as Record<string, never> & {
    options: { runtime: { labels: { label: string }[] }; k3s: { extraArgs: { arg: string; nodeFilters: string[] }[] } };
    registries: { config: string };
    env: { envVar: string; nodeFilters: string[] }[];
  };

describe('the k3d configuration', () => {
  it('publishes the API and node ports on loopback only', () => {
    const config = asK3dReadsIt(k3dConfig(plan));
    assert.deepEqual(config['kubeAPI'], { hostIP: '127.0.0.1', hostPort: '20000' });
    assert.deepEqual(config['ports'], [{ port: '127.0.0.1:31884:31883', nodeFilters: ['server:0:direct'] }]);
  });

  it('leaves the user’s kubeconfig alone and lets us undo', () => {
    const { options } = asK3dReadsIt(k3dConfig(plan)) as unknown as { options: Record<string, unknown> };
    assert.deepEqual(options['kubeconfig'], { updateDefaultKubeconfig: false, switchCurrentContext: false });
    assert.deepEqual(options['k3d'], { wait: true, disableLoadbalancer: true, disableRollback: true });
  });

  it('labels the nodes with the workspace, whatever characters its path has', () => {
    const { options } = asK3dReadsIt(k3dConfig(plan));
    const labels = options.runtime.labels.map(({ label }) => label);
    assert.ok(labels.includes(`io.vscode-velocitas.workspace=${plan.workspace}`), labels.join('\n'));
  });

  it('leads the registry’s name in the cluster to its container, and Docker Hub’s images there first', () => {
    const { registries } = asK3dReadsIt(k3dConfig(plan));
    assert.ok(registries.config.includes('\n'), 'k3d takes a single line for a path');
    const endpoint = ['http://k3d-vapp-seat-1234abcd-registry:5000'];
    assert.deepEqual(parse(registries.config), {
      mirrors: { 'registry.vapp.internal:5000': { endpoint }, 'docker.io': { endpoint } },
    });
  });

  it('names agents only when there are some, for k3d refuses a filter that matches no node', () => {
    const filters = (agents: number) =>
      new Set(
        asK3dReadsIt(k3dConfig({ ...plan, agents })).options.k3s.extraArgs.flatMap(({ nodeFilters }) => nodeFilters),
      );
    assert.deepEqual([...filters(0)], ['server:*']);
    assert.deepEqual([...filters(2)], ['server:*', 'agent:*']);
  });

  it('copies certificate authorities into every node, without k3d expanding a thing in them', () => {
    const authorities = '-----BEGIN CERTIFICATE-----\n$HOME\n-----END CERTIFICATE-----\n';
    assert.equal(asK3dReadsIt(k3dConfig(plan))['files'], undefined);
    assert.deepEqual(asK3dReadsIt(k3dConfig({ ...plan, agents: 1, authorities }))['files'], [
      {
        source: authorities,
        destination: '/etc/ssl/certs/vapp-authorities.pem',
        nodeFilters: ['server:*', 'agent:*'],
      },
    ]);
  });

  it('hands over credentials outside the file, byte by byte', () => {
    const proxy = 'http://me:p"a$HOME\\s@x@proxy:3128';
    const config = k3dConfig({ ...plan, nodeEnvironment: { HTTP_PROXY: proxy } });
    assert.ok(!config.text.includes('p"a') && !config.text.includes('proxy:3128'));
    assert.deepEqual(asK3dReadsIt(config).env, [{ envVar: `HTTP_PROXY=${proxy}`, nodeFilters: ['server:*'] }]);
  });
});

describe('the ports a cluster publishes', () => {
  const services = [
    service('mqtt-broker', [{ container: 1883, node: 31_883 }, { container: 9001 }]),
    service('vehicledatabroker', [{ container: 55_555, node: 30_555, host: 55_555 }]),
    service('seatservice', [{ container: 50_051, node: 30_051 }], false),
  ];

  it('are those of the settings and of the enabled services', () => {
    assert.deepEqual(wantedNodePorts(settings, services), [
      { host: 8080, node: 30_080 },
      { host: 31_883, node: 31_883 },
      { host: 55_555, node: 30_555 },
    ]);
  });

  it('change the configuration, as image and agents do, and images of services do not', () => {
    const hash = configurationHash(settings, services);
    assert.equal(configurationHash(settings, [...services].reverse()), hash);
    assert.equal(
      configurationHash(
        settings,
        services.map((each) => ({ ...each, image: 'other:2' })),
      ),
      hash,
    );
    assert.notEqual(configurationHash({ ...settings, agents: 1 }, services), hash);
    assert.notEqual(configurationHash({ ...settings, k3sImage: { value: 'rancher/k3s:v1' } }, services), hash);
    assert.notEqual(configurationHash({ ...settings, ports: [] }, services), hash);
    assert.notEqual(configurationHash(settings, services, 'PEM'), hash);
  });
});

describe('the proxies of the nodes', () => {
  it('are none when the user has none', () => {
    assert.deepEqual(nodeProxies({ NO_PROXY: 'x' }, 'c', 0), { env: {}, unreachable: [] });
  });

  it('exempt the cluster’s own addresses', () => {
    const { env } = nodeProxies({ https_proxy: 'http://proxy:3128', no_proxy: 'intranet' }, 'vapp-x', 1);
    assert.equal(env['HTTPS_PROXY'], 'http://proxy:3128');
    const exempt = env['NO_PROXY']?.split(',') ?? [];
    for (const name of [
      'intranet',
      '10.0.0.0/8',
      '.svc',
      'k3d-vapp-x-registry',
      'k3d-vapp-x-server-0',
      'k3d-vapp-x-agent-0',
      'registry.vapp.internal',
    ]) {
      assert.ok(exempt.includes(name), name);
    }
  });

  it('leave out a proxy that only this machine reaches', () => {
    for (const proxy of [
      'http://127.0.0.1:3128',
      'http://me:pw@localhost:3128/',
      'localhost:3128',
      'http://[::1]:3128',
    ]) {
      assert.deepEqual(nodeProxies({ HTTP_PROXY: proxy }, 'c', 0), { env: {}, unreachable: ['HTTP_PROXY'] }, proxy);
    }
  });
});
