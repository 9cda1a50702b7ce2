import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parse, stringify } from 'yaml';
import { Failure } from '../base';
import { dockerFailure, type ClusterAccess, type Docker } from '../tools';

/** Where k3s puts its kubeconfig because k3d tells it to. */
const IN_NODE = '/output/kubeconfig.yaml';

interface K3sKubeconfig {
  readonly clusters: readonly { readonly cluster: Record<string, unknown> }[];
  readonly users: readonly { readonly user: Record<string, unknown> }[];
}

/** The kubeconfig that k3s wrote inside its node; undefined while it has not. */
export async function readNodeKubeconfig(docker: Docker, node: string): Promise<string | undefined> {
  try {
    const archive = await docker.getContainer(node).getArchive({ path: IN_NODE });
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    return firstFileOfTar(Buffer.concat(chunks));
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw dockerFailure(error);
  }
}

/**
 * Writes the workspace's own kubeconfig, readable by its owner only. It is complete at any moment: whoever reads it
 * sees the old or the new one.
 *
 * @throws Failure `kubeconfig-unreadable`.
 */
export async function writeKubeconfig(access: ClusterAccess, fromNode: string, server: string): Promise<void> {
  await mkdir(dirname(access.kubeconfig), { recursive: true, mode: 0o700 });
  const temporary = `${access.kubeconfig}.${process.pid}`;
  try {
    await writeFile(temporary, ownKubeconfig(fromNode, access.context, server), { mode: 0o600 });
    await rename(temporary, access.kubeconfig);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The node's kubeconfig under our names, with the address (`https://…`) by which this process reaches the API. */
export function ownKubeconfig(fromNode: string, context: string, server: string): string {
  const { cluster, user } = firstEntries(fromNode);
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    clusters: [{ name: context, cluster: { ...cluster, server } }],
    users: [{ name: `admin@${context}`, user }],
    contexts: [{ name: context, context: { cluster: context, user: `admin@${context}` } }],
    'current-context': context,
  });
}

function firstEntries(text: string): { cluster: Record<string, unknown>; user: Record<string, unknown> } {
  const config = parse(text) as Partial<K3sKubeconfig> | null;
  const cluster = config?.clusters?.[0]?.cluster;
  const user = config?.users?.[0]?.user;
  if (cluster && user) return { cluster, user };
  throw new Failure({
    code: 'kubeconfig-unreadable',
    fault: 'environment',
    summary: 'The node of the local runtime holds a kubeconfig without cluster or user.',
    nextSteps: ['Delete the runtime and create it anew: `vapp delete`, then `vapp up`.'],
  });
}

/** The engine hands out files as tar archives: a header of 512 bytes, the size in octal at byte 124, then the content. */
function firstFileOfTar(archive: Buffer): string | undefined {
  if (archive.length < 512) return undefined;
  const size = Number.parseInt(archive.toString('latin1', 124, 136), 8);
  const content = archive.toString('utf8', 512, 512 + size);
  return content.trim() === '' ? undefined : content;
}
