import { ConfigurationTarget, commands, extensions, workspace } from 'vscode';
import type { ExtensionApi } from '../../../../src/extension';
import type { TreeNode } from '../../../../src/editor/tree/node';
import { cpuSecondsOf } from '../../cpu-time';
import { answer, givenTask } from '../task';

export interface IdleTask {
  readonly extension: string;
  /** Whether it is ours, which has a tree that shows the running app. */
  readonly tree: boolean;
  /** How long it is measured. */
  readonly windowMs: number;
}

const APPEAR_LIMIT_MS = 60_000;
/** What happens at the start is over by then, also what V8 collects when it has become quiet. */
const SETTLE_MS = 60_000;

it('measures the CPU time that the extension host uses while nothing changes', async function () {
  this.timeout(0);
  const { extension, tree, windowMs } = givenTask() as IdleTask;
  const api = await extensions.getExtension<ExtensionApi | undefined>(extension)?.activate();
  if (tree) {
    await commands.executeCommand('velocitas.explorer.focus');
    if (!api) throw new Error(`${extension} is not there`);
    await untilRunning(api.tree);
  } else {
    await commands.executeCommand('workbench.view.explorer');
  }
  await stopLookingForPorts();
  await sleep(SETTLE_MS);
  await answer(await percentDuring(windowMs));
});

async function untilRunning(tree: ExtensionApi['tree']): Promise<void> {
  const end = Date.now() + APPEAR_LIMIT_MS;
  while (!tree.nodes.some(hasRunningContainer)) {
    if (Date.now() > end) throw new Error(`the tree never showed the app running: ${JSON.stringify(tree.nodes)}`);
    await sleep(100);
  }
}

/** A remote extension host reads all of `/proc` every few seconds, which is far more than what is measured here. */
async function stopLookingForPorts(): Promise<void> {
  await workspace.getConfiguration('remote').update('autoForwardPortsSource', 'output', ConfigurationTarget.Global);
}

/** CPU time in percent of one core. */
async function percentDuring(milliseconds: number): Promise<number> {
  const [started, before] = [performance.now(), await cpuSecondsOf(process.pid)];
  await sleep(milliseconds);
  const used = (await cpuSecondsOf(process.pid)) - before;
  return (100 * used) / ((performance.now() - started) / 1000);
}

function hasRunningContainer({ context, children }: TreeNode): boolean {
  return context.startsWith('container.running') || children.some(hasRunningContainer);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
