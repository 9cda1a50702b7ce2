import { Failure, startOfFile, type SourceRange } from '../base';
import { platformName } from '../build';
import { CONTENT_LABEL } from '../deploy';
import type { App, RemoteContext } from '../project';
import { KubeApiFailure, releaseHistory, type KubeApi } from '../tools';

/** Objects without what is in them: of a node the labels suffice. */
const METADATA_ONLY = { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' };
/** A deployment that is being made for longer than this, milliseconds, is one that nobody makes any more. */
const LONGEST_DEPLOYMENT_MS = 300_000;

interface LabelledNode {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
}

/**
 * The platforms of a cluster's Linux nodes, each once, e.g. `linux/amd64`; none when the user may not know them. It also
 * tells whether the cluster answers.
 */
export async function nodePlatforms(api: KubeApi, signal?: AbortSignal): Promise<readonly string[]> {
  try {
    const { items } = await api.list<LabelledNode>('/api/v1/nodes', {}, signal, METADATA_ONLY);
    return platformsOf(items);
  } catch (error) {
    if (error instanceof KubeApiFailure && error.status === FORBIDDEN) return [];
    throw error;
  }
}

/** Reads the platforms from the labels that each kubelet gives to its node. */
export function platformsOf(nodes: readonly LabelledNode[]): readonly string[] {
  const platforms = nodes.flatMap(({ metadata }) => {
    const { 'kubernetes.io/os': os, 'kubernetes.io/arch': architecture } = metadata?.labels ?? {};
    return os === 'linux' && architecture !== undefined ? [platformName({ os, architecture })] : [];
  });
  return [...new Set(platforms)].sort();
}

/**
 * Refuses to touch a release that was not made by `vapp`, or is being changed by somebody.
 *
 * @throws Failure `namespace-missing`, `release-not-ours`, `release-busy`.
 */
export async function refuseForeignRelease(
  api: KubeApi,
  { id, namespace }: App,
  context: RemoteContext,
  signal?: AbortSignal,
): Promise<void> {
  await refuseMissingNamespace(api, namespace, context, signal);
  const history = await releaseHistory(api, id, namespace, signal);
  const [latest] = history;
  if (!latest) return;
  const place = `${namespace} of the context "${context.name.value}"`;
  if (!history.some(({ labels }) => labels[CONTENT_LABEL] !== undefined)) {
    throw new Failure({
      code: 'release-not-ours',
      fault: 'usage',
      summary: `There is a release ${id} in the namespace ${place} already, and vapp did not make it.`,
      ...placeOf(context),
      nextSteps: [
        'Choose another namespace: as `namespace` of the context in vapp.yaml, or in your kubeconfig.',
        `Or take the release away by hand, if it is yours: \`helm uninstall ${id}\`.`,
      ],
    });
  }
  const age = Date.now() - Date.parse(latest.updated);
  if (!/^pending-|^uninstalling$/.test(latest.status) || age > LONGEST_DEPLOYMENT_MS) return;
  throw new Failure({
    code: 'release-busy',
    fault: 'environment',
    summary: `Somebody is changing the release ${id} in the namespace ${place} (${latest.status}).`,
    nextSteps: ['Try again in a moment. After five minutes it counts as left behind, and is repaired.'],
  });
}

/** @throws Failure `namespace-missing`. */
export async function refuseMissingNamespace(
  api: KubeApi,
  namespace: string,
  context: RemoteContext,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await api.get(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, {}, signal);
  } catch (error) {
    if (!(error instanceof KubeApiFailure)) throw error;
    // Whoever may use a namespace need not be allowed to look at it.
    if (error.status !== NOT_FOUND) return;
    throw new Failure({
      code: 'namespace-missing',
      fault: 'environment',
      summary: `The cluster of the context "${context.name.value}" has no namespace ${namespace}.`,
      ...placeOf(context),
      nextSteps: [
        `Create it, or let somebody create it: \`kubectl --context ${context.name.value} create namespace ${namespace}\`.`,
      ],
      cause: error,
    });
  }
}

/** What an error means where the cluster is not the local runtime. */
export function explainedOf(error: unknown, context: RemoteContext): unknown {
  if (!(error instanceof Failure)) return error;
  const name = context.name.value;
  if (error.code === 'cluster-unreachable' || error.code === 'clock-differs') {
    return error.with({
      summary: `The cluster of the context "${name}" does not answer.`,
      evidence: [error.summary.replace('local runtime', 'cluster'), ...error.evidence],
      nextSteps: [`Check the network, a VPN, and the login: \`kubectl --context ${name} get pods\`.`],
    });
  }
  if (error instanceof KubeApiFailure && (error.status === UNAUTHORIZED || error.status === FORBIDDEN)) {
    return new Failure({
      code: 'context-denied',
      fault: 'environment',
      summary: `The cluster of the context "${name}" does not let you do this: ${error.answer}`,
      evidence: error.evidence,
      nextSteps: ['Log in again, or ask whoever looks after the cluster for the right to do it.'],
      cause: error,
    });
  }
  return error;
}

/** A context that `vapp.yaml` does not name. @param file absolute path of vapp.yaml. */
export function notAllowed(name: string, allowed: readonly string[], list: SourceRange | undefined, file: string) {
  const others = allowed.length === 0 ? 'none' : allowed.join(', ');
  return new Failure({
    code: 'context-not-allowed',
    fault: 'usage',
    summary: `vapp.yaml does not allow the context "${name}". Nothing was read of the kubeconfig, and no cluster was asked.`,
    range: list ?? startOfFile(file),
    evidence: [`contexts allowed: ${others}`],
    nextSteps: [
      `Allow it in vapp.yaml: remote: { contexts: [{ name: ${JSON.stringify(name)}, registry: registry.example.com/team }] }.`,
      'Then whoever works in this repository and has such a context can deploy its apps there, with their own rights, by naming it with --context; nobody does so without naming it.',
    ],
  });
}

function placeOf({ name }: RemoteContext): { readonly range?: SourceRange } {
  return name.range ? { range: name.range } : {};
}

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;
