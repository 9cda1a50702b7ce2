import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RuntimeStatus } from '../../src/runtime';
import type { StackContext } from '../stack/types';
import { freshLine } from './app';
import type { TestBed } from './bed';
import { Floor, helmCluster, type PeerApp, type PlainRuntime } from './floor';
import { changed, edit, largeApp, smallApp, templateApp, type LoopApp } from './loop-apps';
import { OpenEditor } from './open-editor';
import { run } from './process';
import { SkaffoldDev, ensureSkaffold } from './skaffold';
import { rowOf, type PeerResult } from './statistics';
import { lastOf, type Scenario } from './scenario';
import { secondsUntilLine } from './until-line';
import { Upstream } from './upstream';

const SKAFFOLD = 'skaffold dev 2.16.1';
const PARTS = 'cached build + push + pod start, each measured alone';
const UPSTREAM = 'upstream’s sequence';
const BARS = { [SKAFFOLD]: 0.5, [PARTS]: 1.1 };

const ROUNDS = 5;
const UPSTREAM_ROUNDS = 3;

interface InnerLoop {
  /** Behind `inner-loop`. */
  readonly id: string;
  readonly what: string;
  readonly app: LoopApp;
  readonly rounds?: number;
  /** Where upstream's sequence, which takes minutes, is a peer. */
  readonly upstreamBar?: number;
}

/** The inner loop of an app in the editor, in turn with `vapp run` and the peers, with the editor open. */
function innerLoop({ id, what, app, rounds = ROUNDS, upstreamBar }: InnerLoop): Scenario {
  const name = `inner-loop${id}`;
  return {
    name,
    description: `${what}, which runs: from the save of a changed file → the new version’s line in the app’s channel; by Run App, which saves it; beside the same from the command on, and \`vapp run\` and the peers, with the editor open, one cluster for all`,
    async measure(bed, context, note) {
      const { ours, floor, parts, skaffold, upstream } = await prepare(bed, context, app);
      const seconds = {
        ours: [] as number[],
        withSave: [] as number[],
        parts: [] as number[],
        floor: [] as number[],
        recorded: [] as number[],
        vapp: [] as number[],
      };
      const rarely = { upstream: [] as number[] };
      const theirs = { skaffold: [] as PeerResult[] };
      try {
        const editor = await OpenEditor.open(bed, context, ours);
        try {
          const inTheEditor = async (line: string) => editor.run(app.source, await changed(app, ours, line), line);
          // The first loads what later ones have.
          await inTheEditor(freshLine());
          for (let round = 1; round <= rounds; round += 1) {
            const editing = await inTheEditor(freshLine());
            seconds.ours.push(editing.seconds);
            seconds.withSave.push(editing.withSave);
            theirs.skaffold.push(await skaffold.edit(freshLine()));
            const { build, push, podStart } = await parts.parts(freshLine());
            seconds.parts.push(build + push + podStart);
            const { shown, recorded } = await floor.edit(freshLine());
            seconds.floor.push(shown);
            seconds.recorded.push(recorded);
            const line = freshLine();
            await editor.save(app.source, await changed(app, ours, line));
            seconds.vapp.push(await secondsUntilLine(bed.vapp(ours, 'run'), line));
            note(`round ${round} of ${rounds}: ${lastOf({ ...seconds, ...theirs })}`);
            note(`parts: build ${build.toFixed(2)} s, push ${push.toFixed(2)} s, pod start ${podStart.toFixed(2)} s`);
          }
        } finally {
          await editor.close();
        }
        if (upstreamBar !== undefined) {
          // Its first round has nothing to uninstall.
          await upstream.edit(freshLine());
          for (let round = 1; round <= UPSTREAM_ROUNDS; round += 1) {
            rarely.upstream.push(await upstream.edit(freshLine()));
            note(`round ${round} of ${UPSTREAM_ROUNDS}: ${lastOf(rarely)}`);
          }
        }
      } finally {
        await skaffold.stop();
      }
      const peers = {
        [SKAFFOLD]: theirs.skaffold,
        [PARTS]: seconds.parts,
        'ours from the command on, with the editor’s own save': seconds.withSave,
        'plain commands (floor)': seconds.floor,
        'plain commands, to the kubelet’s record': seconds.recorded,
        '`vapp run`': seconds.vapp,
      };
      const rare = upstreamBar === undefined ? {} : { [UPSTREAM]: rarely.upstream };
      const bars = upstreamBar === undefined ? BARS : { ...BARS, [UPSTREAM]: upstreamBar };
      return rowOf(name, 's', seconds.ours, { ...peers, ...rare }, { bars, unavoidable: PARTS });
    },
  };
}

const python: InnerLoop = {
  id: '/python',
  what: 'the Python template with its dependencies',
  app: templateApp('python', 'app/src/main.py'),
  upstreamBar: 0.1,
};

/** What is measured of the inner loop. */
export const innerLoopScenarios: readonly Scenario[] = [
  innerLoop({ id: '', what: 'an app of one file', app: smallApp, rounds: 8 }),
  innerLoop(python),
  innerLoop({ id: '/compiled', what: 'the Go template', app: templateApp('go', 'app/src/main.go') }),
  innerLoop({ id: '/1gb', what: 'an image of 1 GB of which one line changes', app: largeApp }),
];

/** Everybody's app runs on the one cluster, and all that is cached is cached. */
async function prepare(bed: TestBed, context: StackContext, app: LoopApp) {
  await app.prepare(context.signal);
  const ours = bed.folderFor('ours');
  await app.write(ours);
  await edit(app, ours, freshLine());
  // A gigabyte that is new everywhere takes its time.
  await run(bed.vapp(ours, 'run', '--no-follow', '--timeout', '5m'));
  const { program, runtime, valuesFile } = await prepareSkaffold(bed, context, ours);
  const peer = async (name: string): Promise<PeerApp> => {
    const folder = join(bed.folder, name);
    await app.write(folder);
    return { app, folder, valuesFile };
  };

  const floor = new Floor(bed, await peer('floor'), runtime);
  const parts = new Floor(bed, await peer('parts'), runtime, 'parts');
  for (const plain of [floor, parts]) await plain.edit(freshLine());
  const { folder } = await peer('skaffold');
  const firstLine = freshLine();
  await edit(app, folder, firstLine);
  const { chart, env } = bed;
  const { access, registry } = runtime;
  const options = { program, folder, app, chart, valuesFile, registry: registry.push, access, env, firstLine };
  const skaffold = await SkaffoldDev.start(options);
  return { ours, floor, parts, skaffold, upstream: new Upstream(bed, await peer('upstream'), runtime) };
}

/**
 * What Skaffold needs of the runtime of an app of ours.
 *
 * @param ours folder of the app, which runs.
 */
export async function prepareSkaffold(bed: TestBed, context: StackContext, ours: string) {
  const program = await ensureSkaffold(context);
  const { runtime: status, apps } = await bed.status(ours);
  const { access, registry } = status;
  if (!access || !registry) throw new Error('the runtime does not run');
  const runtime: PlainRuntime = { access, registry };
  const valuesFile = await valuesOfOurs(bed, runtime, apps[0]?.id ?? '');
  await nameRegistryInNode(bed, status);
  return { program, runtime, valuesFile };
}

/** What `vapp` gave the chart, but for the image: the peers' pods are to be like ours. */
async function valuesOfOurs(bed: TestBed, { access }: PlainRuntime, release: string): Promise<string> {
  const get = ['get', 'values', release, '-o', 'json', ...helmCluster(access)];
  const values = JSON.parse(await run(bed.tool('helm', get))) as Record<string, unknown>;
  const file = join(bed.folder, 'values.json');
  await writeFile(file, JSON.stringify({ ...values, image: {}, imageVehicleApp: {} }));
  return file;
}

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
