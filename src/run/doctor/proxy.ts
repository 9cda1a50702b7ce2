import { connect } from 'node:net';
import { messageOf } from '../../base';
import { nodeProxies, objectNames } from '../../runtime';
import { Redactor, dockerFailure, dockerProxies } from '../../tools';
import { ok, together, warning, type Finding } from './check';
import type { EngineInfo, Facts } from './facts';

/** The proxies of one place, as they are set there. Values may hold credentials. */
export interface ProxySettings {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly no?: string | undefined;
}

/** Where proxies are set; each of them counts for something else. */
export interface ProxyPlaces {
  /** The environment, with the settings of the machine: for builds and new nodes. */
  readonly environment: ProxySettings;
  /** Of the docker CLI's configuration: for builds. */
  readonly configuration: ProxySettings;
  /** For images that Docker pulls. Undefined: it cannot be asked. */
  readonly engine: ProxySettings | undefined;
  /** Of the node that runs: for images that the cluster pulls. Undefined: none runs. */
  readonly node: ProxySettings | undefined;
}

/** How long a proxy may take to accept a connection, milliseconds. */
const CONNECT_LIMIT_MS = 3000;

export async function lookAtProxies(facts: Facts, signal: AbortSignal): Promise<Finding> {
  const { env } = facts.session.toolbox;
  const { httpProxy, httpsProxy, noProxy } = await dockerProxies(env);
  const info = await facts.engine().then(
    (engine) => engine.info,
    () => undefined,
  );
  const cluster = await facts.cluster().catch(() => undefined);
  const places: ProxyPlaces = {
    environment: fromEnvironment(env),
    configuration: { http: text(httpProxy), https: text(httpsProxy), no: text(noProxy) },
    engine: info && ofEngine(info),
    node: cluster && (await ofNode(facts, cluster.nodes[0])),
  };
  const { runtime } = await facts.repository();
  // The name of the cluster only adds exceptions.
  const { env: forNodes, unreachable } = nodeProxies(env, cluster?.name ?? '', runtime.agents);
  const circumstances = {
    forNodes: fromEnvironment(forNodes),
    onLoopback: unreachable,
    unanswered: await silentProxies(places.environment, signal),
    registry: objectNames(cluster?.name ?? '').registry,
  };
  return hidden(judgeProxies(places, circumstances), places);
}

/** What is known besides the settings. */
export interface Circumstances {
  /** What nodes would get if they were made now. */
  readonly forNodes: ProxySettings;
  /** Names of variables whose proxy no container can reach. */
  readonly onLoopback: readonly string[];
  /** Proxies that accept no connection, each with the reason. */
  readonly unanswered: readonly string[];
  /** Host of the registry for nodes. */
  readonly registry: string;
}

export function judgeProxies(
  { environment, configuration, engine, node }: ProxyPlaces,
  { forNodes, onLoopback, unanswered, registry }: Circumstances,
): Finding {
  const here = isSet(environment) || isSet(configuration);
  if (!here && (!engine || !isSet(engine)) && (!node || !isSet(node))) return ok('none');
  const findings: Finding[] = [
    ok(
      [
        `environment ${shown(environment)}`,
        `docker CLI ${shown(configuration)}`,
        ...(engine ? [`engine ${shown(engine)}`] : []),
        ...(node ? [`cluster ${shown(node)}`] : []),
      ].join(', '),
    ),
  ];
  if (engine && isSet(environment) && !isSet(engine)) {
    findings.push(
      warning(
        'the engine has no proxy, so images are pulled without one',
        'Give the engine the proxy: "proxies" in daemon.json, https://docs.docker.com/engine/daemon/proxy/, or the settings of Docker Desktop.',
      ),
    );
  }
  if (engine && isSet(engine) && !here) {
    findings.push(
      warning(
        'only the engine has a proxy, so builds and the cluster go without one',
        'Set HTTP_PROXY, HTTPS_PROXY and NO_PROXY where vapp and the editor are started.',
      ),
    );
  }
  if (isSet(environment) && !exempts(environment.no, 'localhost') && !exempts(environment.no, '127.0.0.1')) {
    findings.push(
      warning(
        'NO_PROXY does not name localhost, so programs on this machine look for the services there at the proxy',
        'Add localhost,127.0.0.1 to NO_PROXY.',
      ),
    );
  }
  if (onLoopback.length > 0) {
    findings.push(
      warning(
        `a proxy on this machine's loopback, which no container reaches: ${onLoopback.join(' and ')}`,
        'Let the proxy listen on an address of this machine that containers reach, and name that.',
      ),
    );
  }
  for (const reason of unanswered) {
    findings.push(
      warning(`the proxy does not answer: ${reason}`, 'Start the proxy, correct its address, or unset it.'),
    );
  }
  if (node && (node.http !== forNodes.http || node.https !== forNodes.https)) {
    findings.push(warning('the cluster was made with other proxies than are set now, and keeps them', RECREATE));
  }
  if (node && isSet(node) && !exempts(node.no, registry)) {
    findings.push(warning('the cluster looks for its own registry at the proxy', RECREATE));
  }
  return together(findings);
}

function isSet({ http, https }: ProxySettings): boolean {
  return Boolean(http) || Boolean(https);
}

function shown({ http, https }: ProxySettings): string {
  const proxies = [http ?? '', https ?? ''].filter((proxy) => proxy !== '').map(withoutCredentials);
  return [...new Set(proxies)].join(' and ') || 'none';
}

/** Host and port. Credentials reach as far as the last `@`. */
function withoutCredentials(proxy: string): string {
  return proxy
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/^.*@/, '')
    .replace(/\/.*$/, '');
}

/** Whether an entry of a NO_PROXY names the host, itself or by a domain, with or without a port. */
function exempts(no: string | undefined, host: string): boolean {
  const entries = (no ?? '').split(',').map((entry) => entry.trim().replace(/:\d+$/, ''));
  return entries.some(
    (entry) => entry === '*' || entry === host || (host.startsWith('127.') && /^127\.\d.*\//.test(entry)),
  );
}

const RECREATE = 'Let it be made anew: `vapp delete`, then `vapp up`.';

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string) => env[name] || env[name.toLowerCase()] || undefined;
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), no: read('NO_PROXY') };
}

function ofEngine({ HttpProxy, HttpsProxy, NoProxy }: EngineInfo): ProxySettings {
  return { http: HttpProxy || undefined, https: HttpsProxy || undefined, no: NoProxy || undefined };
}

async function ofNode(facts: Facts, node: string): Promise<ProxySettings> {
  try {
    const { docker } = await facts.engine();
    const { Env } = (await docker.getContainer(node).inspect()).Config;
    const entries = Env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]);
    return fromEnvironment(Object.fromEntries(entries) as Record<string, string>);
  } catch (thrown) {
    throw dockerFailure(thrown);
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Proxies of the environment that accept no connection, with the reason, as `host:port: reason`. */
async function silentProxies({ http, https }: ProxySettings, signal: AbortSignal): Promise<string[]> {
  const distinct = [...new Set([http, https].filter((proxy) => proxy !== undefined))];
  const reasons = await Promise.all(distinct.map((proxy) => whySilent(proxy, signal)));
  return reasons.filter((reason) => reason !== undefined);
}

async function whySilent(proxy: string, signal: AbortSignal): Promise<string | undefined> {
  const address = withoutCredentials(proxy);
  if (!URL.canParse(`http://${address}`)) return `${address}: not an address`;
  const { hostname, port } = new URL(`http://${address}`);
  try {
    await reach(hostname.replace(/^\[|\]$/g, ''), Number(port || (/^https:/i.test(proxy) ? 443 : 80)), signal);
    return undefined;
  } catch (thrown) {
    return `${address}: ${messageOf(thrown)}`;
  }
}

function reach(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: CONNECT_LIMIT_MS, signal });
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${CONNECT_LIMIT_MS / 1000} s`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Takes out whatever credentials the places hold: not only those of the environment, which everybody knows. */
function hidden(finding: Finding, places: ProxyPlaces): Finding {
  const redactor = new Redactor();
  for (const place of Object.values(places) as (ProxySettings | undefined)[]) {
    redactor.addFromEnvironment({ httpProxy: place?.http, httpsProxy: place?.https });
  }
  return {
    ...finding,
    message: redactor.redact(finding.message),
    nextSteps: (finding.nextSteps ?? []).map((step) => redactor.redact(step)),
  };
}
