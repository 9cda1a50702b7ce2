import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packVsix } from '../workbench/vsix';
import { freshLine } from './app';
import { inExtensionHost, ourExtension } from './extension-host';
import { lastOf, type Scenario } from './scenario';
import { rowOf } from './statistics';
import { ourExtensionId, writeStubExtension } from './stub-extension';
import type { ActivationTask, ActivationTimes } from './suites/activation/activation.test';
import type { IdleTask } from './suites/idle/idle.test';
import { secondsUntilLine } from './until-line';

const ACTIVATION_ROUNDS = 5;
const IDLE_ROUNDS = 3;
const IDLE_WINDOW_MS = 30_000;

const activation: Scenario = {
  name: 'activation',
  description:
    'loading and activating the extension in a fresh extension host, on a folder that holds an app, by VS Code’s own marks',
  async measure(bed, context, note) {
    const folder = await bed.app('app', freshLine());
    const stub = join(bed.folder, 'stub');
    const who = {
      ours: { path: ourExtension, id: await ourExtensionId() },
      stub: { path: stub, id: await writeStubExtension(stub) },
    };
    const milliseconds = { ours: [] as number[], stub: [] as number[] };
    for (let round = 1; round <= ACTIVATION_ROUNDS; round += 1) {
      for (const name of ['ours', 'stub'] as const) {
        const { path, id } = who[name];
        const task: ActivationTask = { extension: id };
        const measurement = { suite: 'activation', extension: path, workspace: folder, task } as const;
        const { load, activate } = await inExtensionHost<ActivationTimes>(bed, context, measurement);
        milliseconds[name].push(load + activate);
        note(`round ${round} of ${ACTIVATION_ROUNDS}, ${name}: ${load} ms to load, ${activate} ms to activate`);
      }
    }
    return rowOf('activation', 'ms', milliseconds.ours, { 'a stub extension': milliseconds.stub }, { limit: 50 });
  },
};

const idleCpu: Scenario = {
  name: 'idle-cpu',
  description:
    'what ours adds to the CPU time of an extension host and of all that it started, in percent of one core, over 30 s in which nothing changes: ' +
    'the app runs, the tree shows it, and the editor itself does not look for ports to forward. Each round has a host with ours and one with a ' +
    'stub extension, in turn, and the difference counts: a host alone uses more than what is allowed here',
  async measure(bed, context, note) {
    const first = freshLine();
    const folder = await bed.app('app', first);
    await secondsUntilLine(bed.vapp(folder, 'run'), first);
    const stub = join(bed.folder, 'stub');
    const stubId = await writeStubExtension(stub);
    const percentIn = (path: string, extension: string, tree: boolean) => {
      const task: IdleTask = { windowMs: IDLE_WINDOW_MS, extension, tree };
      return inExtensionHost<number>(bed, context, { suite: 'idle', extension: path, workspace: folder, task });
    };
    const percents = { ours: [] as number[], stub: [] as number[], added: [] as number[] };
    for (let round = 1; round <= IDLE_ROUNDS; round += 1) {
      const ours = await percentIn(ourExtension, await ourExtensionId(), true);
      const theirs = await percentIn(stub, stubId, false);
      percents.ours.push(ours);
      percents.stub.push(theirs);
      percents.added.push(ours - theirs);
      note(`round ${round} of ${IDLE_ROUNDS}: ${lastOf(percents, '%')}`);
    }
    const whole = { 'a whole host with ours': percents.ours, 'a whole host with a stub extension': percents.stub };
    return rowOf('idle-cpu', '%', percents.added, whole, { limit: 0.2 });
  },
};

const vsixSize: Scenario = {
  name: 'vsix-size',
  description: 'the packed extension',
  async measure(bed, context) {
    const { size } = await stat(await packVsix(bed.folder, context.signal));
    return rowOf('vsix-size', 'MB', [size / 1e6], {}, { limit: 1 });
  },
};

/** What is measured of the extension. */
export const editorScenarios: readonly Scenario[] = [activation, idleCpu, vsixSize];
