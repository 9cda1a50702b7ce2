import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackContext } from '../stack/types';
import { freshLine } from './app';
import type { TestBed } from './bed';
import { DevProcess } from './dev-process';
import { helmCluster } from './floor';
import { prepareSkaffold } from './inner-loop-scenarios';
import { edit, templateApp, type LoopApp } from './loop-apps';
import { run } from './process';
import { SkaffoldDev } from './skaffold';
import { lastOf, type Scenario } from './scenario';
import { rowOf, type PeerResult } from './statistics';

const ROUNDS = 8;
const START_MS = 180_000;
const LINE_MS = 60_000;
const PEER = 'skaffold dev 2.16.1, sync and a reloader in the container';

const app = templateApp('python', 'app/src/main.py');

/**
 * Skaffold brings files into the container and leaves the process as it is: this runs the app, and runs it again as soon
 * as a file has changed. It looks often, so that the peer does not wait for it.
 */
const RELOADER = `import glob, os, signal, subprocess, sys, time

def state():
    return {name: os.stat(name).st_mtime_ns for name in glob.glob("**/*.py", recursive=True)}

while True:
    before = state()
    child = subprocess.Popen(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: (child.terminate(), child.wait(), sys.exit(0)))
    while state() == before and child.poll() is None:
        time.sleep(0.02)
    child.terminate()
    child.wait()
`;

/** The same app as a person prepares it for Skaffold: it can be written to, and has a reloader. */
const reloadedApp: LoopApp = {
  ...app,
  async write(folder) {
    await app.write(folder);
    await writeFile(join(folder, 'app', 'src', 'reload.py'), RELOADER);
    const dockerfile = join(folder, 'app', 'Dockerfile');
    const text = await readFile(dockerfile, 'utf8');
    const writable = text
      .replace(/(\n# The app\.\nFROM dependencies\n)/, '$1RUN chown 10001:10001 /app\n')
      .replace('COPY app/src ./', 'COPY --chown=10001:10001 app/src ./')
      .replace('CMD ["python", "main.py"]', 'CMD ["python", "reload.py", "python", "main.py"]');
    await writeFile(dockerfile, writable);
  },
};

const liveUpdate: Scenario = {
  name: 'live-update',
  description:
    'edit of a source line of the Python template → the new version’s line on screen, by `vapp dev`, which puts the file into the running container and starts the app anew; and how long the same takes by a new image',
  async measure(bed, context, note) {
    const folder = bed.folderFor('ours');
    await app.prepare(context.signal);
    await app.write(folder);
    const first = freshLine();
    await edit(app, folder, first);
    const ours = new DevProcess(bed.vapp(folder, 'dev'));
    const seconds = { ours: [] as number[], skaffold: [] as PeerResult[] };
    try {
      if (!(await ours.line(first, START_MS))) throw new Error(`vapp dev shows nothing:\n${ours.lastOutput}`);
      const skaffold = await startSkaffold(bed, context, folder);
      try {
        // The first loads what later ones have.
        await secondsByVapp(ours, folder);
        await skaffold.edit(freshLine());
        for (let round = 1; round <= ROUNDS; round += 1) {
          seconds.ours.push(await secondsByVapp(ours, folder));
          seconds.skaffold.push(await skaffold.edit(freshLine()));
          note(`round ${round} of ${ROUNDS}: ${lastOf(seconds)}`);
        }
      } finally {
        await skaffold.stop();
      }
    } finally {
      await ours.stop();
    }
    return rowOf('live-update', 's', seconds.ours, { [PEER]: seconds.skaffold }, { bars: { [PEER]: 0.5 }, limit: 0.6 });
  },
};

async function secondsByVapp(dev: DevProcess, folder: string): Promise<number> {
  const line = freshLine();
  const seen = dev.line(line, LINE_MS);
  const started = performance.now();
  await edit(app, folder, line);
  if (!(await seen)) throw new Error(`vapp dev does not show the new line:\n${dev.lastOutput}`);
  return (performance.now() - started) / 1000;
}

async function startSkaffold(bed: TestBed, context: StackContext, folder: string): Promise<SkaffoldDev> {
  const { program, runtime, valuesFile } = await prepareSkaffold(bed, context, folder);
  const values = JSON.parse(await readFile(valuesFile, 'utf8')) as Record<string, unknown>;
  const writable = { ...values, securityContext: { readOnlyRootFilesystem: false } };
  await writeFile(valuesFile, JSON.stringify(writable));
  const peer = join(bed.folder, 'skaffold');
  await reloadedApp.write(peer);
  const firstLine = freshLine();
  await edit(reloadedApp, peer, firstLine);
  // A release of an earlier measurement would be in the way.
  await run(bed.tool('helm', ['uninstall', 'skaffold-peer', '--ignore-not-found', ...helmCluster(runtime.access)]));
  return SkaffoldDev.start({
    program,
    folder: peer,
    app: reloadedApp,
    chart: bed.chart,
    valuesFile,
    registry: runtime.registry.push,
    access: runtime.access,
    env: bed.env,
    firstLine,
    sync: { src: 'app/src/**/*.py', dest: '/app', strip: 'app/src/' },
  });
}

/** What is measured of live updates. */
export const liveScenarios: readonly Scenario[] = [liveUpdate];
