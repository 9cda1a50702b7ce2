import { REGISTRY_PULL_ADDRESS, objectNames } from './names';

/** The proxy settings that the nodes of a cluster get. */
export interface NodeProxies {
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables that were left out because their proxy listens on this machine's loopback only. */
  readonly unreachable: readonly string[];
}

/** Addresses of a cluster itself: private networks, the names of services. */
const CLUSTER_ADDRESSES = [
  'localhost',
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '.svc',
  '.local',
];

/**
 * Takes the proxies from the user's environment, in upper case as k3s reads them, and exempts what is inside the
 * cluster. Without a usable proxy there is nothing to set.
 */
export function nodeProxies(env: NodeJS.ProcessEnv, cluster: string, agents: number): NodeProxies {
  const unreachable: string[] = [];
  const proxies: Record<string, string> = {};
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY']) {
    const value = env[name] || env[name.toLowerCase()];
    if (!value) continue;
    if (/^(\w+:\/\/)?([^/]*@)?(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/i.test(value)) unreachable.push(name);
    else proxies[name] = value;
  }
  if (Object.keys(proxies).length === 0) return { env: {}, unreachable };
  const names = objectNames(cluster);
  const nodes = [names.server, ...Array.from({ length: agents }, (_, index) => `k3d-${cluster}-agent-${index}`)];
  const exempt = [
    ...(env['NO_PROXY'] || env['no_proxy'] || '').split(',').map((entry) => entry.trim()),
    ...CLUSTER_ADDRESSES,
    names.registry,
    REGISTRY_PULL_ADDRESS.replace(/:\d+$/, ''),
    ...nodes,
  ].filter(Boolean);
  return { env: { ...proxies, NO_PROXY: [...new Set(exempt)].join(',') }, unreachable };
}
