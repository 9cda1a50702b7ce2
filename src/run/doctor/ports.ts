import type { WantedPort } from '../../runtime';
import { ok, together, warning, type Finding } from './check';
import type { Engine, Facts } from './facts';
import { listenersOn } from './listeners';

/** Whether the runtime can have the ports of localhost that it publishes. */
export async function lookAtPorts(facts: Facts, { docker }: Engine, signal: AbortSignal): Promise<Finding> {
  const { state } = await facts.status();
  const runtime = await facts.session.runtime(await facts.repository());
  const ports = await runtime.wantedPorts(signal);
  const taken = ports.filter((port) => port.state === 'taken').map(({ port }) => port);
  return judgePorts(ports, state === 'absent', await listenersOn(taken, docker));
}

/**
 * @param absent there is no cluster yet: it will take the next free port of each that is taken.
 * @param holders who listens on the taken ones, where that is known.
 */
export function judgePorts(
  ports: readonly WantedPort[],
  absent: boolean,
  holders: ReadonlyMap<number, string>,
): Finding {
  const taken = ports.filter(({ state }) => state === 'taken');
  const conflicts = taken.filter((port) => matters(port, absent));
  const held = ports.filter(({ state }) => state === 'held').length;
  const harmless = taken.length - conflicts.length;
  const counts = [
    ...(held > 0 ? [`${list(ports, 'held')} in use by the runtime`] : []),
    ...(held + taken.length < ports.length ? [`${list(ports, 'free')} free`] : []),
    ...(harmless > 0 ? [`${harmless} taken, for which others are found`] : []),
  ];
  const findings = conflicts.map((port) => conflict(port, absent, holders.get(port.port) ?? 'another program'));
  return together(counts.length > 0 ? [ok(counts.join(', ')), ...findings] : findings);
}

function list(ports: readonly WantedPort[], state: WantedPort['state']): string {
  return ports
    .filter((port) => port.state === state)
    .map(({ port }) => port)
    .join(', ');
}

/** Nobody knows the ports of API and registry by heart: they may move, as long as no cluster is made for them. */
function matters({ use }: WantedPort, absent: boolean): boolean {
  return use === 'node-port' || (use === 'api' && !absent);
}

function conflict({ port, use, service }: WantedPort, absent: boolean, holder: string): Finding {
  const purpose = use === 'api' ? 'the Kubernetes API' : (service ?? 'vapp.yaml');
  const consequence = absent
    ? 'the next free one is taken instead'
    : 'the next start makes a new cluster on other ports';
  return warning(
    `port ${port} of localhost, for ${purpose}, is held by ${holder}: ${consequence}`,
    use === 'api'
      ? `End ${holder}.`
      : `End ${holder}, or name another port ${service === undefined ? 'in vapp.yaml' : 'of the service in runtime.json or vapp.yaml'}.`,
  );
}
