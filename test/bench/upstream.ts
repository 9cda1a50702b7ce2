import type { TestBed } from './bed';
import { helmCluster, recordedLine, type PeerApp, type PlainRuntime } from './floor';
import { edit } from './loop-apps';
import { run } from './process';

const RELEASE = 'upstream';
/** Upstream's one tag for ever. */
const TAG = 'local';

/**
 * Upstream's documented sequence, as its runtime for k3d went through it at every change: a build without cache, a push
 * to the same tag, `helm uninstall`, `helm install --wait`, each when the one before has ended.
 */
export class Upstream {
  private installed = false;

  constructor(
    private readonly bed: TestBed,
    private readonly peer: PeerApp,
    private readonly runtime: PlainRuntime,
  ) {}

  /** Seconds from an edit until `kubectl logs` has shown its line. */
  async edit(line: string): Promise<number> {
    const { bed, peer } = this;
    const { access, registry } = this.runtime;
    const image = `${registry.push}/${RELEASE}:${TAG}`;
    const started = performance.now();
    await edit(peer.app, peer.folder, line);
    const build = ['buildx', 'build', '--no-cache', '-q', '--load', '-f', 'app/Dockerfile', '-t', image, '.'];
    await run(bed.tool('docker', build, peer.folder));
    await run(bed.tool('docker', ['push', '-q', image]));
    const cluster = helmCluster(access);
    if (this.installed) await run(bed.tool('helm', ['uninstall', RELEASE, ...cluster]));
    // The tag is the same again, so only this policy brings what is new.
    const values = { repository: `${registry.pull}/${RELEASE}`, tag: TAG, pullPolicy: 'Always' };
    const set = Object.entries(values).flatMap(([key, value]) => ['--set', `image.${key}=${value}`]);
    const install = ['install', RELEASE, bed.chart, ...cluster, '--values', peer.valuesFile, ...set];
    await run(bed.tool('helm', [...install, '--wait', '--timeout', '60s']));
    this.installed = true;
    await recordedLine(bed, access, RELEASE, line);
    return (performance.now() - started) / 1000;
  }
}
