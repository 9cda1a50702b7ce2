import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { Failure, messageOf } from '../base';
import type { Toolbox } from './toolbox';

export type { Docker };

/**
 * A client of the Docker engine that the docker CLI would use: `DOCKER_HOST`, else the current docker context, else
 * the default socket. It says nothing of whether the engine answers; see {@link pingDocker}.
 */
export async function dockerClient(toolbox: Toolbox, signal?: AbortSignal): Promise<Docker> {
  // The CLI takes an empty DOCKER_HOST for an unset one.
  return clientFor(toolbox.env['DOCKER_HOST'] || (await hostOfCurrentContext(toolbox, signal)), toolbox.env);
}

/**
 * Name of the docker context that the CLI would use; undefined for the default one, which DOCKER_HOST implies, too.
 * The order is that of the CLI (`resolveContextName`).
 */
export async function currentDockerContext(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env['DOCKER_HOST']) return undefined;
  if (env['DOCKER_CONTEXT']) return env['DOCKER_CONTEXT'];
  const { currentContext: name } = await dockerConfiguration(env);
  return typeof name === 'string' && name !== '' && name !== 'default' ? name : undefined;
}

/**
 * The proxies that the docker CLI gives to what it builds and runs (`httpProxy`, `httpsProxy`, `noProxy`, …): those of
 * its configuration, for the engine in use or for all (`ConfigFile.ParseProxyConfig`). Values may hold credentials.
 */
export async function dockerProxies(env: NodeJS.ProcessEnv): Promise<Readonly<Record<string, unknown>>> {
  const { proxies } = await dockerConfiguration(env);
  const known = (proxies ?? {}) as Readonly<Record<string, unknown>>;
  return (known[env['DOCKER_HOST'] || DEFAULT_HOST] ?? known['default'] ?? {}) as Readonly<Record<string, unknown>>;
}

/** Whether the docker CLI gives proxies of its own to what it builds. */
export async function hasDockerProxies(env: NodeJS.ProcessEnv): Promise<boolean> {
  return Object.values(await dockerProxies(env)).some(Boolean);
}

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

async function dockerConfiguration(env: NodeJS.ProcessEnv): Promise<{ currentContext?: unknown; proxies?: unknown }> {
  const folder = env['DOCKER_CONFIG'] || join(env['HOME'] ?? homedir(), '.docker');
  try {
    return JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as object;
  } catch {
    // There need not be one; of an unreadable one the CLI itself says no more than a warning.
    return {};
  }
}

/**
 * Asks the engine whether it is there.
 *
 * @throws Failure `docker-not-running`, `docker-permission`.
 */
export async function pingDocker(docker: Docker): Promise<void> {
  try {
    await docker.ping();
  } catch (error) {
    throw dockerFailure(error);
  }
}

/** What an error of the engine client means for the user. */
export function dockerFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') {
    return new Failure({
      code: 'docker-permission',
      fault: 'environment',
      summary: 'You are not allowed to use the Docker engine.',
      evidence: [messageOf(error)],
      nextSteps: ['Add your user to the group `docker` and log in again.'],
      cause: error,
    });
  }
  if (code !== undefined && UNREACHABLE.has(code)) {
    return new Failure({
      code: 'docker-not-running',
      fault: 'environment',
      summary: 'The Docker engine does not answer.',
      evidence: [messageOf(error)],
      nextSteps: ['Start Docker, or point DOCKER_HOST to a running engine.'],
      cause: error,
    });
  }
  return new Failure({
    code: 'docker-error',
    fault: 'environment',
    summary: `The Docker engine refused: ${messageOf(error)}`,
    evidence: [messageOf(error)],
    cause: error,
  });
}

const UNREACHABLE = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EPIPE',
]);

async function hostOfCurrentContext(toolbox: Toolbox, signal?: AbortSignal): Promise<string | undefined> {
  // Asking the CLI costs a process, so it is asked only when someone chose a context.
  if ((await currentDockerContext(toolbox.env)) === undefined) return undefined;
  try {
    const { stdout } = await toolbox.run('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], {
      signal,
    });
    return stdout.trim() || undefined;
  } catch (error) {
    // Without a docker CLI there is no context, and the default socket is what remains.
    if (error instanceof Failure && error.code === 'tool-missing') return undefined;
    throw error;
  }
}

function clientFor(host: string | undefined, env: NodeJS.ProcessEnv): Docker {
  if (!host) return new Docker({ socketPath: '/var/run/docker.sock' });
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  if (host.startsWith('npipe://')) return new Docker({ socketPath: host.slice('npipe://'.length) });
  const url = parseHost(host);
  if (url.protocol === 'ssh:') {
    throw new Failure({
      code: 'docker-host-unsupported',
      fault: 'environment',
      summary: `An engine over ssh (${host}) is not supported: the runtime's ports would be on the other machine.`,
      nextSteps: ['Run vapp on the machine of the engine, for example by Remote-SSH.'],
    });
  }
  const tls = env['DOCKER_TLS_VERIFY'] !== undefined && env['DOCKER_TLS_VERIFY'] !== '';
  // docker-modem reads DOCKER_CERT_PATH itself when the protocol is https.
  return new Docker({
    // An IPv6 address stands in brackets in a URL, but not in a request's options.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (tls ? 2376 : 2375)),
    protocol: tls ? 'https' : 'http',
  });
}

function parseHost(host: string): URL {
  try {
    return new URL(host);
  } catch (error) {
    throw new Failure({
      code: 'docker-host-invalid',
      fault: 'environment',
      summary: `DOCKER_HOST is not an address of an engine: ${host}.`,
      nextSteps: ['Set DOCKER_HOST to something like unix:///var/run/docker.sock, or unset it.'],
      cause: error,
    });
  }
}
