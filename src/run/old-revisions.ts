import { messageOf } from '../base';
import type { App } from '../project';
import { CONTAINERD_NAMESPACE, type LocalRuntime, type RegistryAddress, type Runtime } from '../runtime';
import { KubeApi, releaseHistory, type ReleaseRecord } from '../tools';
import type { Job } from './images';

/** Helm keeps ten revisions; so old images are looked for once in as many. */
const EVERY = 10;
/** Longest wait for one answer of the registry, milliseconds. */
const ANSWER_MS = 5000;

export interface DeployedApp {
  readonly app: App;
  readonly revision: number;
  readonly changed: boolean;
  /** Name of the image in the workspace's registry, as the cluster knows it, without digest. */
  readonly repository: string;
}

/**
 * Removes the images of an app to which no revision can be rolled back any more: from the nodes, and their manifests
 * from the registry, whose next stop frees the space. Else they would pile up, one a run. That it cannot be done now is
 * worth a warning only.
 */
export async function removeOldRevisions(
  job: Job,
  deployed: DeployedApp,
  runtime: Pick<Runtime, 'access' | 'registry'>,
  local: LocalRuntime,
): Promise<void> {
  if (!deployed.changed || deployed.revision % EVERY !== 0) return;
  try {
    const needed = await neededDigests(job, deployed, runtime);
    const { nodes } = await local.status(job.signal);
    const found = await Promise.all(nodes.map(({ name }) => removeFromNode(job, name, deployed, needed)));
    await removeFromRegistry(runtime.registry, deployed.repository, new Set(found.flat()), needed);
  } catch (error) {
    // Who ends the following of a log ends this as well: ten revisions later it is done.
    if (job.signal?.aborted) return;
    job.emit({
      type: 'warning',
      app: deployed.app.id,
      message: `Images of old revisions could not be removed: ${messageOf(error)}`,
    });
  }
}

interface PodList {
  readonly spec?: { readonly containers?: readonly { readonly image?: string }[] };
}

/** Digests of the images that a revision of the history, or a pod, names. */
async function neededDigests(
  job: Job,
  { app }: DeployedApp,
  { access }: Pick<Runtime, 'access'>,
): Promise<Set<string>> {
  const api = await KubeApi.open(access);
  try {
    const [history, pods] = await Promise.all([
      releaseHistory(api, app.id, app.namespace, job.signal),
      api.list<PodList>('/api/v1/pods', {}, job.signal),
    ]);
    return new Set(digestsIn([...history.map(textOf), JSON.stringify(pods.items)].join('\n')));
  } finally {
    api.close();
  }
}

/** What Helm would make of a revision again. */
function textOf({ manifest, hooks = [] }: ReleaseRecord): string {
  return [manifest, ...hooks.map((hook) => hook.manifest ?? '')].join('\n');
}

/** Of images in references. What stands alone is the digest of something else, which the registry takes for its own fault. */
function digestsIn(text: string): string[] {
  return [...text.matchAll(/@(sha256:[0-9a-f]{64})/g)].map(([, digest = '']) => digest);
}

/** @returns the digests of the images removed. */
async function removeFromNode(
  job: Job,
  node: string,
  { repository }: DeployedApp,
  needed: ReadonlySet<string>,
): Promise<string[]> {
  const ctr = (...args: string[]) =>
    job.session.toolbox.run('docker', ['exec', node, 'ctr', '--namespace', CONTAINERD_NAMESPACE, 'images', ...args], {
      signal: job.signal,
    });
  const images = readImages((await ctr('ls')).stdout);
  const old = images
    .filter(({ name, digest }) => name === `${repository}@${digest}` && !needed.has(digest))
    .map(({ digest }) => digest);
  // An image has several names in a node, all with the same digest.
  const names = images.filter(({ digest }) => old.includes(digest)).map(({ name }) => name);
  if (names.length > 0) await ctr('rm', ...names);
  return old;
}

/** Reads the table of `ctr images ls`: name, type and digest come first. */
export function readImages(table: string): { readonly name: string; readonly digest: string }[] {
  return table
    .split('\n')
    .map((line) => line.split(/\s+/))
    .flatMap(([name, , digest]) => (name && digest?.startsWith('sha256:') ? [{ name, digest }] : []));
}

/** Images of several platforms, or with provenance, consist of several manifests, which others may share. */
async function removeFromRegistry(
  registry: RegistryAddress,
  repository: string,
  old: ReadonlySet<string>,
  needed: ReadonlySet<string>,
): Promise<void> {
  const path = repository.slice(registry.pull.length + 1);
  const manifests = `http://${registry.direct ?? registry.push}/v2/${path}/manifests`;
  const parts = async (digests: Iterable<string>) =>
    (await Promise.all([...digests].map((digest) => withParts(manifests, digest)))).flat();
  const kept = new Set(await parts(needed));
  for (const digest of await parts(old)) if (!kept.has(digest)) await ask(`${manifests}/${digest}`, 'DELETE');
}

const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** A manifest's digest, and those of the manifests it names; none when the registry does not have it. */
async function withParts(manifests: string, digest: string): Promise<string[]> {
  const answer = await ask(`${manifests}/${digest}`, 'GET');
  if (answer.status === 404) return [];
  if (!answer.ok) throw new Error(`the registry answered ${answer.status} for ${digest}`);
  const index = (await answer.json()) as { readonly manifests?: readonly { readonly digest: string }[] };
  return [digest, ...(index.manifests ?? []).map((part) => part.digest)];
}

function ask(url: string, method: 'GET' | 'DELETE'): Promise<Response> {
  return fetch(url, { method, headers: { accept: MANIFEST_TYPES }, signal: AbortSignal.timeout(ANSWER_MS) });
}
