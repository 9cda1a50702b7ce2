import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { StackContext } from '../stack/types';
import { DEFAULT_K3S_IMAGE, type RuntimeStatus } from '../../src/runtime';
import { editApp } from './app';
import type { TestBed } from './bed';
import { Floor } from './floor';
import { run, secondsOf, secondsUntilLine } from './process';
import { SkaffoldDev, ensureSkaffold } from './skaffold';
import { rowOf, type Row } from './statistics';

export interface Scenario {
  readonly name: string;
  readonly description: string;
  measure(bed: TestBed, context: StackContext, note: (line: string) => void): Promise<Row>;
}

/** A line that no earlier version has printed. */
function freshLine(): string {
  return `line ${createHash('sha256')
    .update(String(performance.now()) + String(Math.random()))
    .digest('hex')
    .slice(0, 16)}`;
}

const INNER_ROUNDS = 8;
const COLD_ROUNDS = 4;

const innerLoop: Scenario = {
  name: 'inner-loop',
  description: 'edit of a source line → the new version’s line on screen, runtime warm, one cluster for all',
  async measure(bed, context, note) {
    const skaffold = await ensureSkaffold(context);
    const firstLines = { ours: freshLine(), floor: freshLine(), skaffold: freshLine() };
    const ours = await bed.app('ours', firstLines.ours);
    await secondsUntilLine(bed.vapp(ours, 'run'), firstLines.ours);
    const runtime = await bed.runtime(ours);
    if (!runtime.access || !runtime.registry) throw new Error('the runtime does not run');

    const floor = new Floor(bed, await bed.app('floor', firstLines.floor), runtime);
    await floor.edit(firstLines.floor);
    await nameRegistryInNode(bed, runtime);
    const dev = await SkaffoldDev.start({
      program: skaffold,
      folder: await bed.app('skaffold', firstLines.skaffold),
      chart: bed.chart,
      registry: runtime.registry.push,
      access: runtime.access,
      env: bed.env,
      firstLine: firstLines.skaffold,
    });
    const seconds = {
      ours: [] as number[],
      floor: [] as number[],
      recorded: [] as number[],
      skaffold: [] as number[],
    };
    try {
      for (let round = 1; round <= INNER_ROUNDS; round += 1) {
        const line = freshLine();
        await editApp(ours, line);
        seconds.ours.push(await secondsUntilLine(bed.vapp(ours, 'run'), line));
        const times = await floor.edit(freshLine());
        seconds.floor.push(times.shown);
        seconds.recorded.push(times.recorded);
        seconds.skaffold.push(await dev.edit(freshLine()));
        note(`round ${round} of ${INNER_ROUNDS}: ${lastOf(seconds)}`);
      }
    } finally {
      await dev.stop();
    }
    return rowOf('inner-loop', 's', seconds.ours, {
      'plain commands (floor)': seconds.floor,
      'plain commands, to the kubelet’s record': seconds.recorded,
      'skaffold dev 2.16.1': seconds.skaffold,
    });
  },
};

/**
 * Skaffold wants one name for the registry that host and node both know. The node learns the host's name for it, in
 * containerd's own form; our images have a name of their own and do not need it.
 */
async function nameRegistryInNode(bed: TestBed, { cluster, registry }: RuntimeStatus): Promise<void> {
  const name = registry?.push ?? '';
  const file = `/var/lib/rancher/k3s/agent/etc/containerd/certs.d/${name}/hosts.toml`;
  const node = `k3d-${cluster}-server-0`;
  await run(bed.tool('docker', ['exec', node, 'mkdir', '-p', dirname(file)]));
  const hosts = `[host."http://k3d-${cluster}-registry:5000"]\n  capabilities = ["pull", "resolve"]\n`;
  await run({ ...bed.tool('docker', ['exec', '-i', node, 'tee', file]), stdin: hosts });
}

const coldStart: Scenario = {
  name: 'cold-start',
  description: 'no runtime → first line, beside `k3d cluster create` alone and the same steps one after the other',
  async measure(bed, _context, note) {
    const folder = await bed.app('cold', freshLine());
    const seconds = { ours: [] as number[], create: [] as number[], build: [] as number[] };
    for (let round = 1; round <= COLD_ROUNDS; round += 1) {
      const line = freshLine();
      await editApp(folder, line);
      seconds.ours.push(await secondsUntilLine(bed.vapp(folder, 'run'), line));
      await run(bed.vapp(folder, 'delete'));
      seconds.create.push(await secondsOf(() => run(bed.tool('k3d', createArgs))));
      await run(bed.tool('k3d', ['cluster', 'delete', PLAIN_CLUSTER]));
      await editApp(folder, freshLine());
      const build = ['buildx', 'build', '-q', '--load', '-f', 'app/Dockerfile', '-t', 'vapp-bench:cold', '.'];
      seconds.build.push(await secondsOf(() => run(bed.tool('docker', build, folder))));
      note(`round ${round} of ${COLD_ROUNDS}: ${lastOf(seconds)}`);
    }
    await run(bed.tool('docker', ['image', 'rm', '-f', 'vapp-bench:cold']));
    return rowOf('cold-start', 's', seconds.ours, {
      'k3d cluster create alone': seconds.create,
      'docker buildx build alone': seconds.build,
    });
  },
};

const resume: Scenario = {
  name: 'resume',
  description: 'runtime stopped → first line of a changed app, beside `k3d cluster start` alone',
  async measure(bed, _context, note) {
    const first = freshLine();
    const folder = await bed.app('resume', first);
    await secondsUntilLine(bed.vapp(folder, 'run'), first);
    await run(bed.tool('k3d', createArgs));
    const seconds = { ours: [] as number[], start: [] as number[] };
    try {
      for (let round = 1; round <= COLD_ROUNDS; round += 1) {
        await run(bed.vapp(folder, 'stop'));
        await run(bed.tool('k3d', ['cluster', 'stop', PLAIN_CLUSTER]));
        const line = freshLine();
        await editApp(folder, line);
        seconds.ours.push(await secondsUntilLine(bed.vapp(folder, 'run'), line));
        await run(bed.vapp(folder, 'stop'));
        seconds.start.push(await secondsOf(() => run(bed.tool('k3d', ['cluster', 'start', PLAIN_CLUSTER]))));
        note(`round ${round} of ${COLD_ROUNDS}: ${lastOf(seconds)}`);
      }
    } finally {
      await run(bed.tool('k3d', ['cluster', 'delete', PLAIN_CLUSTER]));
    }
    return rowOf('resume', 's', seconds.ours, { 'k3d cluster start alone': seconds.start });
  },
};

export const SCENARIOS: readonly Scenario[] = [innerLoop, coldStart, resume];

const PLAIN_CLUSTER = 'vapp-bench-plain';
const createArgs = [
  ...['cluster', 'create', PLAIN_CLUSTER, '--no-lb', '--image', DEFAULT_K3S_IMAGE],
  ...['--kubeconfig-update-default=false', '--kubeconfig-switch-context=false'],
  ...['--registry-create', `${PLAIN_CLUSTER}-registry:127.0.0.1:0`],
];

function lastOf(seconds: Readonly<Record<string, readonly number[]>>): string {
  return Object.entries(seconds)
    .map(([name, values]) => `${name} ${(values.at(-1) ?? 0).toFixed(2)} s`)
    .join(', ');
}
