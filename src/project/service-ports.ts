import { createHash } from 'node:crypto';
import type { Findings } from './findings';
import type { Service, ServicePort } from './types';
import type { PortSetting } from './vapp-yaml';

/** A port while it is being put together. */
export type WantedPort = { -readonly [K in keyof ServicePort]: ServicePort[K] };

/**
 * Kubernetes assigns node ports of its own accord from the upper part of 30000–32767 and leaves this band to those who
 * choose (https://kubernetes.io/blog/2023/05/11/nodeport-dynamic-and-static-allocation/).
 */
const STATIC_BAND = { first: 30000, count: 86 } as const;
const LAST_NODE_PORT = 32767;

/**
 * Gives a node port to every port that is wished for on localhost, derived from service and port so that it stays the
 * same, and reports ports that two want.
 */
export function assignPorts(
  services: readonly Service[],
  published: readonly PortSetting[],
  findings: Findings,
): Service[] {
  const enabled = services.filter((service) => service.enabled);
  const taken = new Map<number, string>();
  for (const service of enabled) {
    for (const port of service.ports) if (port.node !== undefined) taken.set(port.node, `the service "${service.id}"`);
  }
  reportPublishedTwice(published, enabled, taken, findings);
  for (const port of published) taken.set(port.node, 'vapp.yaml');

  return services.map((service) => ({
    ...service,
    ports: service.ports.map((port) => {
      if (port.host === undefined || port.node !== undefined || !service.enabled) return port;
      const node = freeNodePort(`${service.id}:${port.container}`, taken);
      if (node === undefined) {
        reportNoneLeft(service, findings);
        return port;
      }
      taken.set(node, service.id);
      return { ...port, node };
    }),
  }));
}

function freeNodePort(key: string, taken: ReadonlyMap<number, string>): number | undefined {
  const preferred = createHash('sha256').update(key).digest().readUInt32BE(0);
  for (let step = 0; step < STATIC_BAND.count; step++) {
    const port = STATIC_BAND.first + ((preferred + step) % STATIC_BAND.count);
    if (!taken.has(port)) return port;
  }
  for (let port = STATIC_BAND.first + STATIC_BAND.count; port <= LAST_NODE_PORT; port++) {
    if (!taken.has(port)) return port;
  }
  return undefined;
}

function reportNoneLeft(service: Service, findings: Findings): void {
  if (!service.range) return;
  findings.error(service.range, {
    code: 'service-ports',
    message: `The services forward more ports than a node has; none is left for "${service.id}".`,
  });
}

function reportPublishedTwice(
  published: readonly PortSetting[],
  services: readonly Service[],
  nodesTaken: ReadonlyMap<number, string>,
  findings: Findings,
): void {
  const hosts = new Set<number>();
  const nodes = new Set<number>();
  for (const { host, node, range } of published) {
    const owner = nodesTaken.get(node);
    if (owner !== undefined || nodes.has(node)) {
      findings.error(range, {
        code: 'port-twice',
        message: `The node port ${node} is already used by ${owner ?? 'another entry'}.`,
      });
    }
    if (hosts.has(host)) {
      findings.error(range, { code: 'port-twice', message: `The port ${host} on localhost is published twice.` });
    }
    hosts.add(host);
    nodes.add(node);
  }
  for (const service of services) {
    for (const { host } of service.ports) {
      if (host === undefined || !hosts.has(host) || !service.range) continue;
      findings.warning(service.range, {
        code: 'port-twice',
        message: `The service "${service.id}" and vapp.yaml both want port ${host} on localhost; the service gets another.`,
      });
    }
  }
}
