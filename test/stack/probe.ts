import { OFFICIAL_HOSTS, type OfficialHost } from './types';

/** How long a publisher has to say anything at all, in milliseconds. */
const PROBE_LIMIT_MS = 2000;

/**
 * Asks all publishers at once, once per setup, whether they can be reached. Any HTTP answer counts, whatever its
 * status: it is about the way there, not about what is served at the root.
 */
export async function probeOfficialHosts(signal: AbortSignal): Promise<ReadonlySet<OfficialHost>> {
  const answers = await Promise.all(
    OFFICIAL_HOSTS.map(async (host) => {
      try {
        await fetch(`https://${host}/`, {
          method: 'HEAD',
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]),
        });
        return host;
      } catch {
        // No answer is the answer: DNS, routing, TLS or time.
        return undefined;
      }
    }),
  );
  return new Set(answers.filter((host) => host !== undefined));
}

/** The probe's answer in one line. */
export function describeReachability(reachable: ReadonlySet<OfficialHost>): string {
  if (reachable.size === OFFICIAL_HOSTS.length) return 'official sources answer';
  if (reachable.size === 0) return 'no official source answers: package registries are used instead';
  const silent = OFFICIAL_HOSTS.filter((host) => !reachable.has(host));
  return `no answer from ${silent.join(', ')}: package registries are used instead`;
}
