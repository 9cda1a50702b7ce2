import type { RuntimeSettings, Service } from '../project';
import type { EngineContainer, EngineObjects } from './engine-objects';
import { wantedNodePorts } from './k3d-config';
import { preferredPorts, type PortProbe } from './ports';

/** A port of this machine's localhost that the runtime has, or will wish for at its next start. */
export interface WantedPort {
  readonly port: number;
  readonly use: 'api' | 'registry' | 'node-port';
  /** The service behind a node port; absent where `vapp.yaml` publishes it. */
  readonly service?: string;
  /** `held`: by the runtime itself. `taken`: by somebody else. */
  readonly state: 'held' | 'free' | 'taken';
}

/** The ports of a runtime, in the order API, registry, node ports, and whether it can have them. */
export async function wantedPorts(
  objects: EngineObjects,
  settings: RuntimeSettings,
  services: readonly Service[],
  isFree: PortProbe,
): Promise<WantedPort[]> {
  const { cluster, ports, registry } = objects;
  const preferred = preferredPorts(cluster);
  const nodePorts = ports?.nodePorts ?? wantedNodePorts(settings, services);
  const wanted = [
    { port: ports?.api || preferred.api, use: 'api' as const },
    { port: registry?.hostPort || preferred.registry, use: 'registry' as const },
    ...nodePorts.map(({ host, node }) => ({ port: host, use: 'node-port' as const, ...serviceAt(services, node) })),
  ];
  const held = heldPorts(registry ? [...objects.nodes, registry] : objects.nodes);
  return Promise.all(
    wanted.map(async (entry) => {
      const state = held.has(entry.port) ? 'held' : (await isFree(entry.port)) ? 'free' : 'taken';
      return { ...entry, state } as const;
    }),
  );
}

function serviceAt(services: readonly Service[], node: number): { service?: string } {
  const service = services.find(({ enabled, ports }) => enabled && ports.some((port) => port.node === node));
  return service ? { service: service.id } : {};
}

/** What containers that run publish: a stopped one keeps its ports in its settings only. */
function heldPorts(containers: readonly EngineContainer[]): Set<number> {
  const running = containers.filter(({ state }) => state === 'running');
  return new Set(running.flatMap(({ published }) => [...published.values()]));
}
