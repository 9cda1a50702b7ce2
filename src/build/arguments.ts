import { basename } from 'node:path';
import { Failure, startOfFile } from '../base';
import { hasDockerProxies } from '../tools';
import type { BuildRequest } from './types';

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'FTP_PROXY', 'ALL_PROXY'];

/** What `docker build` and `docker buildx build` have in common. */
export interface BuildArguments {
  readonly args: readonly string[];
  /** The values of the build arguments: no argument list shows them. */
  readonly env: Readonly<Record<string, string>>;
}

/** The proxies of the environment, unless docker's own configuration names those for builds: then that one counts. */
export async function buildProxies(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  return (await hasDockerProxies(env)) ? {} : env;
}

/**
 * The options of a build without its progress, platforms and context. Proxies are build arguments that every
 * Dockerfile has without declaring them, and that do not count for the cache.
 *
 * @param environment names the proxies, see {@link buildProxies}.
 * @throws Failure `build-arg-invalid`.
 */
export function buildArguments(request: BuildRequest, environment: NodeJS.ProcessEnv): BuildArguments {
  for (const name of Object.keys(request.buildArgs)) checkName(name, request.dockerfile);
  const proxies = PROXY_VARIABLES.flatMap((name) => [name, name.toLowerCase()]).filter(
    (name) => environment[name] && !(name in request.buildArgs),
  );
  const names = [...Object.keys(request.buildArgs), ...proxies];
  const args = [
    ...request.tags.flatMap((tag) => ['--tag', tag]),
    ...['--file', request.dockerfile],
    ...(request.target === undefined ? [] : ['--target', request.target]),
    ...names.flatMap((name) => ['--build-arg', name]),
    ...Object.entries(labelsOf(request)).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...(request.noCache ? ['--no-cache'] : []),
  ];
  return { args, env: request.buildArgs };
}

/** Values of build arguments whose names say that they are secrets. */
export function secretValues(buildArgs: Readonly<Record<string, string>>): string[] {
  return Object.entries(buildArgs)
    .filter(([name]) => /token|secret|passw|passphrase|credential|api_?key|private_?key|auth(?!or)/i.test(name))
    .map(([, value]) => value);
}

/** Nothing that changes between two builds of the same content may stand here: it would change the digest. */
function labelsOf({ tags, labels }: BuildRequest): Record<string, string> {
  const title = basename((tags[0] ?? '').replace(/:[^/]*$/, ''));
  return { 'org.opencontainers.image.title': title, ...labels };
}

// They would not only reach the build, but also lead docker itself elsewhere, or git, which buildx asks about the context:
// GIT_TRACE names a file that it writes, OTEL_… somebody who is told of the build.
const READ_BY_DOCKER = new RegExp(
  [
    '^(DOCKER_|BUILDX_|BUILDKIT_(HOST|PROGRESS|COLORS|TTY)|OTEL_|PATH$|HOME$|TMPDIR$|XDG_|SSL_CERT_|SSH_|LD_|DYLD_',
    'KUBECONFIG$|GODEBUG$|GIT_(ALTERNATE_|ASKPASS|COMMON_DIR|CONFIG|DIR$|EDITOR|EXEC_PATH|EXTERNAL_|INDEX_|NAMESPACE',
    'OBJECT_|PAGER|PROXY_|REDIRECT_|SEQUENCE_|SSH|TEMPLATE_DIR|TRACE|WORK_TREE))',
  ].join('|'),
);

function checkName(name: string, dockerfile: string): void {
  const reason = /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)
    ? READ_BY_DOCKER.test(name)
      ? 'docker itself reads a variable of that name'
      : undefined
    : 'it is not a name';
  if (reason === undefined) return;
  throw new Failure({
    code: 'build-arg-invalid',
    fault: 'app',
    summary: `The build argument '${name}' cannot be passed: ${reason}.`,
    range: startOfFile(dockerfile),
    nextSteps: ['Give the argument another name, in the Dockerfile (ARG) and in vapp.yaml.'],
  });
}
