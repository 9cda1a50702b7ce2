import { createServer } from 'node:net';
import { createHash } from 'node:crypto';
import { Failure } from '../base';

/** A port of this machine and the node port it leads to. */
export interface NodePort {
  readonly host: number;
  readonly node: number;
}

/** What a cluster publishes on this machine. */
export interface PortPlan {
  /** Port of the Kubernetes API. */
  readonly api: number;
  readonly nodePorts: readonly NodePort[];
}

/** Answers whether a port of 127.0.0.1 can be listened on. */
export type PortProbe = (port: number) => Promise<boolean>;

export const LOOPBACK = '127.0.0.1';

/** Tries by listening, which is what the engine will do. */
export const isPortFree: PortProbe = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => server.close(() => resolve(true)));
  });

/**
 * Ports for API and registry that differ from workspace to workspace and stay the same for one. They lie below the
 * range from which systems take ports for outgoing connections, so that nobody takes them while the runtime is stopped.
 */
export function preferredPorts(cluster: string): { api: number; registry: number } {
  const hash = createHash('sha256').update(cluster).digest().readUInt32BE(0);
  const base = FIRST_OWN_PORT + (hash % OWN_PORT_PAIRS) * 2;
  return { api: base, registry: base + 1 };
}

const FIRST_OWN_PORT = 20_000;
const OWN_PORT_PAIRS = 4_500;

/** Hands out free ports of 127.0.0.1, none of them twice. */
export class PortChooser {
  private readonly known = new Set<number>();

  constructor(private readonly probe: PortProbe = isPortFree) {}

  /** Never chooses this port: it looks free but is not. */
  avoid(port: number): void {
    this.known.add(port);
  }

  /**
   * The first free port from the wish upwards.
   *
   * @throws Failure `no-free-port`.
   */
  async next(wish: number): Promise<number> {
    for (let port = wish; port <= Math.min(wish + PORTS_TO_TRY, LAST_PORT); port += 1) {
      if (this.known.has(port)) continue;
      // Noted before the answer is there: whoever asks meanwhile shall not get the same.
      this.known.add(port);
      if (await this.probe(port)) return port;
    }
    throw new Failure({
      code: 'no-free-port',
      fault: 'environment',
      summary: `No port of localhost from ${wish} to ${Math.min(wish + PORTS_TO_TRY, LAST_PORT)} is free.`,
      nextSteps: ['End programs that listen there, or name another port in vapp.yaml or runtime.json.'],
    });
  }

  /** Answers each wish by the first free port from it upwards. */
  async nodePorts(wishes: readonly NodePort[]): Promise<NodePort[]> {
    const chosen: NodePort[] = [];
    for (const { host, node } of wishes) chosen.push({ host: await this.next(host), node });
    return chosen;
  }
}

const LAST_PORT = 65_535;
const PORTS_TO_TRY = 500;

/**
 * The port that an engine's error names as taken.
 *
 * Wordings: `Bind for 127.0.0.1:31883 failed: port is already allocated` (another container),
 * `listen tcp4 127.0.0.1:31883: bind: address already in use` (another process), `Ports are not available: exposing port
 * TCP 127.0.0.1:31883` (Docker Desktop).
 */
export function takenPort(message: string): number | undefined {
  if (!/port is already allocated|address already in use|ports are not available/i.test(message)) return undefined;
  const port = /(?:\d{1,3}(?:\.\d{1,3}){3}|\[::\d?\]):(\d{2,5})\b/.exec(message)?.[1];
  return port === undefined ? undefined : Number(port);
}
