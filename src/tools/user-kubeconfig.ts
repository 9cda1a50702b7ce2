import type { Context, KubeConfig, User } from '@kubernetes/client-node';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { Failure, messageOf } from '../base';
import { kubernetes } from './kube';

/** A context of the user's own kubeconfig. */
export interface UserContext {
  /** Absolute path of the file that has it. */
  readonly kubeconfig: string;
  /** That of the context itself; absent when it names none. */
  readonly namespace?: string;
  /** What logs in to the cluster, as far as it stands in the files: no output may show it. */
  readonly secrets: readonly string[];
}

/**
 * Finds a context by its name in the files of KUBECONFIG, else in `~/.kube/config`, as kubectl looks for it. The current
 * context is of no account, and nothing is written.
 *
 * @throws Failure `context-missing`, `context-unsupported`, `user-kubeconfig-unreadable`.
 */
export async function findUserContext(name: string, env: NodeJS.ProcessEnv): Promise<UserContext> {
  const files = kubeconfigFiles(env);
  const known: string[] = [];
  for (const file of files.filter((candidate) => existsSync(candidate))) {
    const config = await read(file);
    const context = config.getContextObject(name);
    if (context) return userContext(file, name, config, context);
    known.push(...config.getContexts().map((other) => other.name));
  }
  throw new Failure({
    code: 'context-missing',
    fault: 'usage',
    summary: `The kubeconfig has no context "${name}".`,
    evidence: [`looked in: ${files.join(', ')}`, `contexts there: ${known.join(', ') || 'none'}`],
    nextSteps: ['`kubectl config get-contexts` shows those that there are.', 'KUBECONFIG names other files.'],
  });
}

function kubeconfigFiles(env: NodeJS.ProcessEnv): string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  const files = named.length > 0 ? named : [join(env['HOME'] || homedir(), '.kube', 'config')];
  return files.map((file) => resolve(file));
}

async function read(file: string): Promise<KubeConfig> {
  const { KubeConfig } = await kubernetes();
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw new Failure({
      code: 'user-kubeconfig-unreadable',
      fault: 'environment',
      summary: `The kubeconfig ${file} cannot be read.`,
      // Not its words: a parser's message shows the lines around the error, which may hold a key.
      evidence: [
        error instanceof SyntaxError || messageOf(error).includes('\n') ? 'it is not valid' : messageOf(error),
      ],
      nextSteps: ['`kubectl config view` reads it, too, and says more.'],
    });
  }
  return config;
}

function userContext(kubeconfig: string, name: string, config: KubeConfig, context: Context): UserContext {
  const cluster = config.getCluster(context.cluster);
  const user = config.getUser(context.user);
  if (!cluster || !user) {
    throw unsupported(name, `its ${cluster ? 'user' : 'cluster'} is not in the same file (${kubeconfig})`);
  }
  if (cluster.proxyUrl) throw unsupported(name, 'its cluster is behind a proxy of its own (proxy-url)');
  const { namespace } = context;
  return { kubeconfig, ...(namespace ? { namespace } : {}), secrets: secretsOf(user) };
}

function unsupported(name: string, reason: string): Failure {
  return new Failure({
    code: 'context-unsupported',
    fault: 'environment',
    summary: `The context "${name}" cannot be used: ${reason}.`,
    nextSteps: [
      `Write a file with this context alone, readable by you only, and name it in KUBECONFIG: \`kubectl config view --minify --flatten --context ${name}\`.`,
    ],
  });
}

/** What comes from a plugin that logs in is never shown anywhere. */
function secretsOf({ token, password, keyData, authProvider, exec }: User): string[] {
  const settings = Object.entries((authProvider as { config?: object } | undefined)?.config ?? {});
  const variables = (exec as { env?: readonly { value?: unknown }[] } | undefined)?.env ?? [];
  return [
    ...[token, password, keyData],
    ...settings.filter(([setting]) => /token|secret|key|password/i.test(setting)).map(([, value]) => value as unknown),
    ...variables.map(({ value }) => value),
  ].filter((value) => typeof value === 'string');
}
