import { sleep } from '../../src/base';
import type { RuntimeStatus } from '../../src/runtime';
import { editApp } from './app';
import type { TestBed } from './bed';
import { run } from './process';

/**
 * The floor: what the same steps take as plain commands, one process each, with a cached build — `docker buildx
 * build`, `docker push`, `helm upgrade --install`, then the pod's own start. Its end is the time that the kubelet
 * recorded for the line, so that not even fetching the log is counted against it.
 */
export class Floor {
  private round = 0;

  constructor(
    private readonly bed: TestBed,
    private readonly folder: string,
    private readonly runtime: RuntimeStatus,
  ) {}

  /** Seconds from an edit to the line of the new version. */
  async edit(line: string): Promise<number> {
    const { access, registry } = this.runtime;
    if (!access || !registry) throw new Error('the runtime does not run');
    this.round += 1;
    const tag = `r${this.round}`;
    const cluster = ['--kubeconfig', access.kubeconfig, '--kube-context', access.context];
    const started = Date.now();
    await editApp(this.folder, line);
    const image = `${registry.push}/floor`;
    const { bed } = this;
    await run(
      bed.tool(
        'docker',
        ['buildx', 'build', '-q', '--load', '-f', 'app/Dockerfile', '-t', `${image}:${tag}`, '.'],
        this.folder,
      ),
    );
    await run(bed.tool('docker', ['push', '-q', `${image}:${tag}`]));
    const values = ['--set', `image.repository=${registry.pull}/floor`, '--set', `image.tag=${tag}`];
    await run(bed.tool('helm', ['upgrade', '--install', 'floor', bed.chart, ...cluster, ...values]));
    return (await this.recorded(line, access)) - started / 1000;
  }

  /** When the kubelet recorded a line, in seconds since the epoch. */
  private async recorded(line: string, access: { kubeconfig: string; context: string }): Promise<number> {
    const args = ['logs', '--kubeconfig', access.kubeconfig, '--context', access.context, '--timestamps'];
    const selector = ['-l', 'app.kubernetes.io/instance=floor', '--tail', '-1', '--ignore-errors'];
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const output = await run(this.bed.tool('kubectl', [...args, ...selector]));
      const found = output.split('\n').find((entry) => entry.includes(line));
      if (found) return Date.parse(found.slice(0, found.indexOf(' '))) / 1000;
      await sleep(200);
    }
    throw new Error(`the line "${line}" never came`);
  }
}
