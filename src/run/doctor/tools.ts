import semver from 'semver';
import { buildxVersion } from '../../build';
import { DEFAULT_K3S_IMAGE } from '../../runtime';
import { KubeApi } from '../../tools';
import { error, ok, skipped, warning, type Finding } from './check';
import type { Engine, Facts } from './facts';

/** Images of the test stack that stand in for official ones say so in this label. */
const STAND_IN_LABEL = 'io.vscode-velocitas.stand-in';

/** What is tried and promised. Below `oldest` something is missing that is used; above `newest` nothing is known. */
interface Range {
  readonly oldest: string;
  readonly because: string;
  /** Major version. */
  readonly newest: number;
  readonly install: string;
}

const RANGES: Readonly<Record<'k3d' | 'helm', Range>> = {
  k3d: {
    oldest: '5.8.0',
    because: 'which copies certificate authorities into nodes',
    newest: 5,
    install: 'Install k3d 5.8 or later: https://k3d.io/#installation.',
  },
  helm: {
    oldest: '3.13.0',
    because: 'which gives labels to releases, by which unchanged ones are known',
    newest: 4,
    install: 'Install Helm 3 or 4: https://helm.sh/docs/intro/install/.',
  },
};

/** buildx says what it does as JSON since then. */
const OLDEST_BUILDX = '0.13.0';

/** Whether k3d is there, and in a version that is known to work. */
export async function lookAtK3d(facts: Facts): Promise<Finding> {
  // Before it tells its version, it waits for the engine, for however long.
  if (await facts.engineIsSilent()) return skipped('not known: it waits for Docker');
  return judgeTool('k3d', await facts.session.toolbox.version('k3d'));
}

/** Whether Helm is there, and in a version that is known to work. */
export async function lookAtHelm(facts: Facts): Promise<Finding> {
  return judgeTool('helm', await facts.session.toolbox.version('helm'));
}

export function judgeTool(tool: 'k3d' | 'helm', version: string): Finding {
  const range = RANGES[tool];
  const plain = semver.coerce(version);
  if (!plain) return ok(version);
  if (semver.major(plain) < semver.major(range.oldest))
    return error(`${version} is too old: ${range.oldest} is needed, ${range.because}`, range.install);
  if (semver.lt(plain, range.oldest))
    return warning(`${version} is older than ${range.oldest}, ${range.because}`, range.install);
  if (semver.major(plain) > range.newest)
    return warning(`${version} is newer than what is known to work: ${range.newest}.x`, range.install);
  return ok(version);
}

/** kubectl, and whether it is at most one minor version away from the cluster, as Kubernetes promises. */
export async function lookAtKubectl(facts: Facts, signal: AbortSignal): Promise<Finding> {
  const version = await facts.session.toolbox.version('kubectl');
  const cluster = await clusterVersion(facts, signal);
  return judgeKubectl(version, cluster);
}

export function judgeKubectl(version: string, cluster: string | undefined): Finding {
  const own = semver.coerce(version);
  const other = cluster === undefined ? null : semver.coerce(cluster);
  if (!own || !other || own.major !== other.major) return ok(version);
  if (Math.abs(own.minor - other.minor) <= 1) return ok(version);
  return warning(
    `${version} is ${Math.abs(own.minor - other.minor)} minor versions ${own.minor < other.minor ? 'older' : 'newer'} than the cluster, ${other.major}.${other.minor}; Kubernetes promises one`,
    `Install kubectl ${other.major}.${other.minor}: https://kubernetes.io/docs/tasks/tools/.`,
  );
}

/** Version of the cluster that runs, else the one that the node image names; undefined where it names none. */
export async function clusterVersion(facts: Facts, signal: AbortSignal): Promise<string | undefined> {
  // One that does not answer is told by a check of its own.
  const running = await askVersion(facts, signal).catch(() => undefined);
  return running ?? versionInTag(await nodeImage(facts));
}

async function askVersion(facts: Facts, signal: AbortSignal): Promise<string | undefined> {
  const cluster = await facts.cluster();
  if (!cluster) return undefined;
  const api = await KubeApi.open(cluster.access);
  try {
    return (await api.get<{ readonly gitVersion?: string }>('/version', {}, signal)).gitVersion;
  } finally {
    api.close();
  }
}

/** `rancher/k3s:v1.34.3-k3s1` → `1.34.3` */
export function versionInTag(image: string): string | undefined {
  return /:v?(\d+\.\d+\.\d+)[^/]*$/.exec(image)?.[1];
}

async function nodeImage(facts: Facts): Promise<string> {
  return facts.session.runtimeSettings(await facts.repository()).k3sImage?.value ?? DEFAULT_K3S_IMAGE;
}

export async function lookAtBuildx(facts: Facts, signal: AbortSignal): Promise<Finding> {
  return judgeBuildx(await buildxVersion(facts.session.toolbox, signal));
}

/** @param version what buildx says of itself: `github.com/docker/buildx v0.13.1 788433953af10f2a698f5c07611dddce2e08c7a0`. */
export function judgeBuildx(version: string | undefined): Finding {
  const consequence = 'images are built by the classic builder, one step after the other and for one platform.';
  if (version === undefined) {
    return warning(`not installed: ${consequence}`, 'Install buildx: https://github.com/docker/buildx#installing.');
  }
  const plain = semver.coerce(/\sv?(\d+\.\d+\.\d+)/.exec(version)?.[1]);
  if (plain && semver.lt(plain, OLDEST_BUILDX)) {
    return warning(
      `${version} is older than ${OLDEST_BUILDX}: ${consequence}`,
      'Install buildx 0.13 or later: https://docs.docker.com/build/install-buildx/.',
    );
  }
  return ok(version);
}

export async function lookAtNodeImage(facts: Facts, { docker }: Engine): Promise<Finding> {
  const image = await nodeImage(facts);
  try {
    const labels = (await docker.getImage(image).inspect()).Config.Labels as Record<string, string> | undefined;
    const standIn = labels?.[STAND_IN_LABEL];
    return standIn === undefined ? ok(image) : warning(`${image} is a stand-in: ${standIn}`);
  } catch (thrown) {
    if ((thrown as { statusCode?: number }).statusCode !== 404) throw thrown;
    return ok(`${image} is fetched at the first start`);
  }
}
