import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { editApp, freshLine } from './app';
import type { TestBed } from './bed';
import { Floor, type PeerApp } from './floor';
import { smallApp } from './loop-apps';
import { PlainCluster } from './plain-cluster';
import { run, secondsOf } from './process';
import { rowOf } from './statistics';
import { lastOf, type Scenario } from './scenario';
import { secondsUntilLine } from './until-line';

const COLD_ROUNDS = 4;

const coldStart: Scenario = {
  name: 'cold-start',
  description: 'no runtime → first line, beside the same steps as plain commands one after the other',
  async measure(bed, _context, note) {
    const folder = await bed.app('cold', freshLine());
    const peer = await smallPeer(bed);
    const seconds = { ours: [] as number[], plain: [] as number[], bar: [] as number[] };
    for (let round = 1; round <= COLD_ROUNDS; round += 1) {
      const line = freshLine();
      await editApp(folder, line);
      seconds.ours.push(await secondsUntilLine(bed.vapp(folder, 'run'), line));
      await run(bed.vapp(folder, 'delete'));

      const plain = new PlainCluster(bed);
      try {
        const create = await secondsOf(() => plain.create());
        const { shown, podStart } = await new Floor(bed, peer, await plain.runtime()).edit(freshLine());
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

/** What is measured of a runtime's beginning. */
export const coldScenarios: readonly Scenario[] = [coldStart, resume];

async function smallPeer(bed: TestBed): Promise<PeerApp> {
  const folder = join(bed.folder, 'floor');
  await smallApp.write(folder);
  const valuesFile = join(bed.folder, 'values.json');
  await writeFile(valuesFile, '{}');
  return { app: smallApp, folder, valuesFile };
}
