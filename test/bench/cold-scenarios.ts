import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { Toolbox } from '../../src/tools';
import { countingApp } from '../faults/counting-app';
import { FaultMachine } from '../faults/machine';
import { freshLine } from './app';
import { secondsOfBareNode } from './bare-node';
import type { TestBed } from './bed';
import { ColdClusters } from './cold-clusters';
import type { PeerApp } from './floor';
import { edit, smallApp, templateApp, type LoopApp } from './loop-apps';
import { PlainCluster } from './plain-cluster';
import { PlainServices } from './plain-services';
import { run, secondsOf } from './process';
import { rowOf } from './statistics';
import { lastOf, type Scenario } from './scenario';
import { secondsUntilLine } from './until-line';

/** A node that nobody manages, and the start of a pod whose image is there already. */
const NODE = 'a bare node, + pod start';
const CHAIN = 'longer of `k3d cluster create` and cached build with push, + pod start';
const UPSTREAM = 'upstream’s sequence';
const COLD_BARS = { [CHAIN]: 1.1, [UPSTREAM]: 0.6 };

const COLD_ROUNDS = 6;
const TEMPLATE_ROUNDS = 3;
const RESUME_ROUNDS = 4;
const RESTARTS = 3;

/** From nothing to the first line of an app, in turn with plain commands and upstream's sequence. */
function coldStart(name: string, what: string, app: LoopApp, rounds: number): Scenario {
  return {
    name,
    description: `no runtime, ${what} → first line; the longest chain is of plain commands side by side, upstream’s sequence one after the other: cluster with load balancer, services, build without cache, push, install`,
    async measure(bed, context, note) {
      await app.prepare(context.signal);
      const peer = await peerOf(bed, app);
      const services = await PlainServices.of(bed, peer.folder);
      const clusters = new ColdClusters(bed);
      const seconds = { ours: [] as number[], chain: [] as number[], upstream: [] as number[], node: [] as number[] };
      const sums: number[] = [];
      try {
        // It fills the cache of the engine.
        await clusters.ours(app);
        for (let round = 1; round <= rounds; round += 1) {
          seconds.ours.push(await clusters.ours(app));
          const { sum, chain, podStart } = await clusters.plainCommands(peer);
          sums.push(sum);
          seconds.chain.push(chain);
          seconds.upstream.push(await clusters.upstream(peer, services));
          seconds.node.push((await secondsOfBareNode(bed)) + podStart);
          note(`round ${round} of ${rounds}: ${lastOf(seconds)}`);
        }
      } finally {
        await clusters.delete();
      }
      const peers = {
        [CHAIN]: seconds.chain,
        [UPSTREAM]: seconds.upstream,
        [NODE]: seconds.node,
        'plain commands, one after the other': sums,
      };
      return rowOf(name, 's', seconds.ours, peers, { bars: COLD_BARS, unavoidable: NODE });
    },
  };
}

const resume: Scenario = {
  name: 'resume',
  description:
    'runtime stopped → first line of a changed app, beside the same from nothing, and `k3d cluster start` alone',
  async measure(bed, _context, note) {
    const folder = bed.folderFor('resume');
    await smallApp.write(folder);
    const seconds = { ours: [] as number[], cold: [] as number[], start: [] as number[] };
    const plain = new PlainCluster(bed);
    try {
      await plain.create();
      await plain.stop();
      for (let round = 1; round <= RESUME_ROUNDS; round += 1) {
        seconds.cold.push(await oursFromNothing(bed, smallApp, folder));
        await run(bed.vapp(folder, 'stop'));
        // It is the same to `vapp run`: what it takes depends on the runtime that it finds.
        seconds.ours.push(await oursFromNothing(bed, smallApp, folder));
        await run(bed.vapp(folder, 'delete'));
        seconds.start.push(await secondsOf(() => plain.start()));
        await plain.stop();
        note(`round ${round} of ${RESUME_ROUNDS}: ${lastOf(seconds)}`);
      }
    } finally {
      await plain.delete();
    }
    const peers = { 'from nothing': seconds.cold, '`k3d cluster start` alone': seconds.start };
    return rowOf('resume', 's', seconds.ours, peers, { bars: { 'from nothing': 0.7 } });
  },
};

const devcontainer: Scenario = {
  name: 'resume/devcontainer',
  description:
    'a machine with an engine of its own, as a devcontainer is, whose engine is started again → `vapp up --wait-for-docker` has the runtime ready; the engine’s own start is in it, and up to 0.5 s until somebody starts it',
  async measure(bed, _context, note) {
    const machine = await FaultMachine.start(new Toolbox(bed.env), 'vapp-bench-machine');
    const seconds: number[] = [];
    const up = async () => {
      const { outcome, stderr } = await machine.vappEnd('up', '--wait-for-docker');
      if (outcome?.status !== 'done') throw new Error(`vapp up failed: ${JSON.stringify(outcome)} ${stderr}`);
    };
    try {
      await machine.write(countingApp(1));
      await up();
      for (let round = 1; round <= RESTARTS; round += 1) {
        await machine.run('sh', '-c', 'pkill -x dockerd; while pgrep -x dockerd > /dev/null; do sleep 0.05; done');
        seconds.push(await secondsOf(up));
        note(`round ${round} of ${RESTARTS}: ${lastOf({ ours: seconds })}`);
      }
    } finally {
      await machine.dispose();
    }
    return rowOf('resume/devcontainer', 's', seconds, {});
  },
};

/** What is measured of a runtime's beginning. */
export const coldScenarios: readonly Scenario[] = [
  coldStart('cold-start', 'the small app', smallApp, COLD_ROUNDS),
  coldStart(
    'cold-start/python',
    'the Python template with its dependencies and services',
    templateApp('python', 'app/src/main.py'),
    TEMPLATE_ROUNDS,
  ),
  resume,
  devcontainer,
];

/** Changes the line and runs the app; seconds to the line. */
async function oursFromNothing(bed: TestBed, app: LoopApp, folder: string): Promise<number> {
  const line = freshLine();
  await edit(app, folder, line);
  return secondsUntilLine(bed.vapp(folder, 'run'), line);
}

async function peerOf(bed: TestBed, app: LoopApp): Promise<PeerApp> {
  const folder = join(bed.folder, 'peer');
  await app.write(folder);
  const valuesFile = join(bed.folder, 'values.json');
  await writeFile(valuesFile, JSON.stringify({ env: ADDRESSES }));
  return { app, folder, valuesFile };
}

/** Where the template's app looks for its services. Where there are none it waits for them, after its first line. */
const ADDRESSES = {
  SDV_MIDDLEWARE_TYPE: 'native',
  SDV_VEHICLEDATABROKER_ADDRESS: 'grpc://vehicledatabroker:55555',
  SDV_MQTT_ADDRESS: 'mqtt://mqtt-broker:1883',
};
