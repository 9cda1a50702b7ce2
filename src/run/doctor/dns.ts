import { lookup, Resolver } from 'node:dns/promises';
import { messageOf } from '../../base';
import { hostOf } from '../../build';
import { DEFAULT_K3S_IMAGE, REGISTRY_IMAGE } from '../../runtime';
import { ok, together, warning, type Finding } from './check';
import type { Facts } from './facts';

/** How long a name server may take, milliseconds. */
const RESOLVE_LIMIT_MS = 3000;

/** A name, and why it has no address; absent where it has one. */
export interface Lookup {
  readonly name: string;
  readonly reason?: string;
}

/** Whether this machine finds `localhost`, and the registries of the images that a runtime is made of. */
export async function lookAtDns(facts: Facts, signal: AbortSignal): Promise<Finding> {
  const { env } = facts.session.toolbox;
  const repository = await facts.repository();
  const settings = facts.session.runtimeSettings(repository);
  const images = [
    settings.k3sImage?.value ?? DEFAULT_K3S_IMAGE,
    REGISTRY_IMAGE,
    ...repository.services.filter(({ enabled }) => enabled).map(({ image }) => image),
  ];
  const local = await lookup('localhost', { all: true }).catch(() => []);
  const proxied = Boolean(env['HTTPS_PROXY'] || env['https_proxy']);
  const registries = proxied ? undefined : await resolveAll(registryHosts(images), signal);
  return judgeDns(
    local.map(({ address }) => address),
    registries,
  );
}

/** @param registries undefined where a proxy looks them up. */
export function judgeDns(localhost: readonly string[], registries: readonly Lookup[] | undefined): Finding {
  const findings = [judgeLocalhost(localhost)];
  if (registries === undefined) return together([...findings, ok('other names are looked up by the proxy')]);
  const failed = registries.filter(({ reason }) => reason !== undefined);
  if (failed.length === 0) {
    return together([...findings, ok(`${registries.map(({ name }) => name).join(' and ')} found`)]);
  }
  const reasons = failed.map(({ name, reason }) => `${name} (${reason ?? ''})`).join(' and ');
  return together([
    ...findings,
    warning(
      `no address of ${reasons}; images that Docker does not have yet cannot be pulled`,
      'Check the network of this machine, its name server, and a VPN.',
      'A machine that is to go without internet gets what a run needs by `vapp bundle load`.',
    ),
  ]);
}

function judgeLocalhost(addresses: readonly string[]): Finding {
  if (addresses.includes('127.0.0.1')) return ok('localhost is 127.0.0.1');
  return warning(
    `localhost is ${addresses.length === 0 ? 'unknown' : addresses.join(' and ')}, but the runtime's ports are at 127.0.0.1`,
    'Add the line `127.0.0.1 localhost` to /etc/hosts.',
  );
}

/** The hosts that images come from, each once. What Docker Hub is called is not where it is. */
export function registryHosts(images: readonly string[]): string[] {
  const hosts = images.map((image) => hostOf(image).replace(/^(index\.)?docker\.io$/, 'registry-1.docker.io'));
  return [...new Set(hosts.map((host) => host.replace(/:\d+$/, '')))].filter(
    (host) => !/^(localhost$|\d|\[)/.test(host),
  );
}

/** By the name servers directly: what the system's own resolver has begun cannot be ended. */
async function resolveAll(names: readonly string[], signal: AbortSignal): Promise<Lookup[]> {
  const resolver = new Resolver({ timeout: RESOLVE_LIMIT_MS, tries: 1 });
  signal.addEventListener('abort', () => resolver.cancel(), { once: true });
  return Promise.all(
    names.map(async (name) => {
      try {
        await Promise.any([resolver.resolve4(name), resolver.resolve6(name)]);
        return { name };
      } catch (thrown) {
        const [first] = (thrown as AggregateError).errors as [NodeJS.ErrnoException | undefined];
        return { name, reason: first?.code ?? messageOf(first) };
      }
    }),
  );
}
