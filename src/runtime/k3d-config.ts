import { createHash } from 'node:crypto';
import type { RuntimeSettings, Service } from '../project';
import { LABEL, DEFAULT_K3S_IMAGE, REGISTRY_PULL_ADDRESS, objectNames } from './names';
import { LOOPBACK, type NodePort, type PortPlan } from './ports';

/** Everything a new cluster is made from. */
export interface ClusterPlan {
  readonly cluster: string;
  readonly workspace: string;
  readonly image: string;
  readonly agents: number;
  readonly ports: PortPlan;
  /** {@link configurationHash} of what was asked for, not of the ports found free. */
  readonly configuration: string;
  /** Environment of the nodes: the proxies through which they pull. Values may hold credentials. */
  readonly nodeEnvironment: Readonly<Record<string, string>>;
  /** PEM of the certificate authorities that the nodes trust in addition. */
  readonly authorities?: string | undefined;
}

/** A k3d configuration file together with the environment that completes it. */
export interface K3dConfig {
  readonly text: string;
  /** Variables that the text refers to. k3d expands them when it reads the file, so no secret is in the file itself. */
  readonly env: Readonly<Record<string, string>>;
}

/** The node image to use. */
export function k3sImage(settings: RuntimeSettings): string {
  return settings.k3sImage?.value ?? DEFAULT_K3S_IMAGE;
}

/** All node ports to publish: the workspace's own and those of its services; the first wish for a node port wins. */
export function wantedNodePorts(settings: RuntimeSettings, services: readonly Service[]): NodePort[] {
  const wishes = [...settings.ports, ...enabledPorts(services).map(({ host, node }) => ({ host: host ?? node, node }))];
  return wishes.filter(({ node }, index) => wishes.findIndex((other) => other.node === node) === index);
}

function enabledPorts(services: readonly Service[]): { host: number | undefined; node: number }[] {
  return services
    .filter(({ enabled }) => enabled)
    .flatMap(({ ports }) => ports)
    .flatMap(({ host, node }) => (node === undefined ? [] : [{ host, node }]));
}

/** A hash over the settings that an existing cluster cannot take over. */
export function configurationHash(
  settings: RuntimeSettings,
  services: readonly Service[],
  authorities?: string,
): string {
  const ports = wantedNodePorts(settings, services).sort((a, b) => a.node - b.node);
  const inputs = { image: k3sImage(settings), agents: settings.agents, ports, arguments: K3S_ARGUMENTS, authorities };
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
}

/**
 * Writes the plan in k3d's form (`k3d.io/v1alpha5`, kind Simple), as JSON, which is YAML too.
 *
 * k3d replaces `$NAME` and `${NAME}` in the whole file by its environment and knows no escape, so every dollar sign is
 * itself given by a variable.
 */
export function k3dConfig(plan: ClusterPlan): K3dConfig {
  const nodes = ['server:*', ...(plan.agents > 0 ? ['agent:*'] : [])];
  const labels = {
    [LABEL.workspace]: plan.workspace,
    [LABEL.cluster]: plan.cluster,
    [LABEL.configuration]: plan.configuration,
  };
  const document = {
    apiVersion: 'k3d.io/v1alpha5',
    kind: 'Simple',
    metadata: { name: plan.cluster },
    servers: 1,
    agents: plan.agents,
    image: plan.image,
    network: objectNames(plan.cluster).network,
    kubeAPI: { hostIP: LOOPBACK, hostPort: String(plan.ports.api) },
    ports: plan.ports.nodePorts.map(({ host, node }) => ({
      port: `${LOOPBACK}:${host}:${node}`,
      nodeFilters: ['server:0:direct'],
    })),
    registries: { config: registriesConfig(plan.cluster) },
    ...(plan.authorities === undefined
      ? {}
      : { files: [{ source: plan.authorities, destination: AUTHORITIES_IN_NODE, nodeFilters: nodes }] }),
    options: {
      // Undoing a failed or cancelled creation is ours: k3d's own way would need the process to live on.
      k3d: { wait: true, disableLoadbalancer: true, disableRollback: true },
      kubeconfig: { updateDefaultKubeconfig: false, switchCurrentContext: false },
      k3s: {
        extraArgs: [
          // By this name a process in a container of the engine reaches the API.
          { arg: `--tls-san=${objectNames(plan.cluster).server}`, nodeFilters: ['server:*'] },
          ...K3S_ARGUMENTS.server.map((arg) => ({ arg, nodeFilters: ['server:*'] })),
          ...K3S_ARGUMENTS.node.map((arg) => ({ arg, nodeFilters: nodes })),
        ],
      },
      runtime: {
        labels: Object.entries(labels).map(([key, value]) => ({ label: `${key}=${value}`, nodeFilters: nodes })),
      },
    },
  };
  const names = Object.keys(plan.nodeEnvironment);
  const env = names.map((name) => ({ envVar: `${name}=\${${variableFor(name)}}`, nodeFilters: nodes }));
  const keepLiteral = (key: string, value: unknown) =>
    typeof value === 'string' && key !== 'envVar' ? value.replaceAll('$', `\${${DOLLAR}}`) : value;
  return {
    text: JSON.stringify({ ...document, env }, keepLiteral, 2),
    env: {
      [DOLLAR]: '$',
      ...Object.fromEntries(names.map((name) => [variableFor(name), insideJson(plan.nodeEnvironment[name] ?? '')])),
    },
  };
}

/**
 * Go, in which containerd is written, trusts every certificate in the files of this folder, beside the system's own
 * (crypto/x509, root_linux.go). k3d copies the file into the node, so that it need not be on the engine's machine.
 */
const AUTHORITIES_IN_NODE = '/etc/ssl/certs/vapp-authorities.pem';

const DOLLAR = 'VAPP_DOLLAR';

const variableFor = (name: string) => `VAPP_NODE_${name}`;

/** The value lands between quotation marks of the file, so it comes escaped. */
const insideJson = (value: string) => JSON.stringify(value).slice(1, -1);

/**
 * The cluster's name for its registry leads to the registry's container. Images of Docker Hub are asked for there first:
 * so a cluster without internet gets what came with a bundle. Several lines: k3d takes one line for a path.
 */
function registriesConfig(cluster: string): string {
  const endpoint = [`http://${objectNames(cluster).registry}:5000`];
  return JSON.stringify({ mirrors: { [REGISTRY_PULL_ADDRESS]: { endpoint }, 'docker.io': { endpoint } } }, null, 2);
}

/**
 * What a developer's cluster does without, so that it starts sooner: nothing of a Vehicle App goes through an ingress,
 * asks for metrics or installs charts by k3s's own controller. And it may fill the disk: with the kubelet's defaults, a
 * machine whose disk is 85 % full evicts every pod.
 */
export const K3S_ARGUMENTS = {
  server: ['--disable=traefik', '--disable=metrics-server', '--disable-helm-controller'],
  node: [
    '--kubelet-arg=eviction-hard=imagefs.available<1%,nodefs.available<1%',
    '--kubelet-arg=eviction-minimum-reclaim=imagefs.available=1%,nodefs.available=1%',
    // For five minutes after there is space again the node would take no pod.
    '--kubelet-arg=eviction-pressure-transition-period=5s',
  ],
};
