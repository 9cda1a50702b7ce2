import { dirname } from 'node:path';
import type { RuntimeStatus } from '../../src/runtime';
import { editApp, freshLine } from './app';
import { PlainCluster } from './plain-cluster';
import type { TestBed } from './bed';
import { Floor } from './floor';
import { editorScenarios } from './editor-scenarios';
import { run, secondsOf } from './process';
import { SkaffoldDev, ensureSkaffold } from './skaffold';
import { rowOf } from './statistics';
import { lastOf, type Scenario } from './scenario';
import { templateScenarios } from './template-scenarios';
import { secondsUntilLine } from './until-line';

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

    const { access, registry } = runtime;
    const floor = new Floor(bed, await bed.app('floor', firstLines.floor), { access, registry });
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
  description: 'no runtime → first line, beside the same steps as plain commands one after the other',
  async measure(bed, _context, note) {
    const folder = await bed.app('cold', freshLine());
    const plainFolder = await bed.app('floor', freshLine());
    const seconds = { ours: [] as number[], plain: [] as number[], bar: [] as number[] };
    for (let round = 1; round <= COLD_ROUNDS; round += 1) {
      const line = freshLine();
      await editApp(folder, line);
      seconds.ours.push(await secondsUntilLine(bed.vapp(folder, 'run'), line));
      await run(bed.vapp(folder, 'delete'));

      const plain = new PlainCluster(bed);
      try {
        const create = await secondsOf(() => plain.create());
        const { shown, podStart } = await new Floor(bed, plainFolder, await plain.runtime()).edit(freshLine());
        seconds.plain.push(create + shown);
        seconds.bar.push(1.15 * Math.max(create, shown - podStart) + podStart);
      } finally {
        await plain.delete();
      }
      note(`round ${round} of ${COLD_ROUNDS}: ${lastOf(seconds)}`);
    }
    return rowOf('cold-start', 's', seconds.ours, {
      'plain commands, one after the other': seconds.plain,
      '1.15 × longer of `k3d cluster create` and build with push, + pod start': seconds.bar,
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
    const seconds = { ours: [] as number[], start: [] as number[] };
    const plain = new PlainCluster(bed);
    try {
      await plain.create();
      for (let round = 1; round <= COLD_ROUNDS; round += 1) {
        await run(bed.vapp(folder, 'stop'));
        await plain.stop();
        const line = freshLine();
        await editApp(folder, line);
        seconds.ours.push(await secondsUntilLine(bed.vapp(folder, 'run'), line));
        await run(bed.vapp(folder, 'stop'));
        seconds.start.push(await secondsOf(() => plain.start()));
        note(`round ${round} of ${COLD_ROUNDS}: ${lastOf(seconds)}`);
      }
    } finally {
      await plain.delete();
    }
    return rowOf('resume', 's', seconds.ours, { '`k3d cluster start` alone': seconds.start });
  },
};

export const SCENARIOS: readonly Scenario[] = [innerLoop, coldStart, resume, ...editorScenarios, ...templateScenarios];
