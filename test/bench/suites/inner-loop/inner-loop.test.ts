import { join } from 'node:path';
import { Uri, commands, extensions, window, workspace } from 'vscode';
import type { ExtensionApi } from '../../../../src/extension';
import type { Command } from '../../../../src/tools';
import { appSource, freshLine } from '../../app';
import { secondsUntilLine } from '../../until-line';
import { lineReceived, replaceText } from '../editing';
import { answer, givenTask } from '../task';

export interface InnerLoopTask {
  readonly extension: string;
  /** The app's folder, which is open, and whose app runs. */
  readonly folder: string;
  /** `vapp run` on that folder. */
  readonly vapp: Command;
  readonly rounds: number;
}

/** Seconds, round by round. */
export interface InnerLoopTimes {
  readonly editor: readonly number[];
  readonly vapp: readonly number[];
}

it('measures the inner loop of the editor and that of vapp, in turn', async function () {
  this.timeout(0);
  const { extension, folder, vapp, rounds } = givenTask() as InnerLoopTask;
  const found = extensions.getExtension<ExtensionApi>(extension);
  if (!found) throw new Error(`${extension} is not there`);
  const { logs, folders } = await found.activate();
  await folders.ready;
  const document = await workspace.openTextDocument(join(folder, 'app', 'main.py'));
  await window.showTextDocument(document);

  /** From the command, which saves the file, to the line in the channel. */
  const editorRound = async () => {
    const line = freshLine();
    await replaceText(document, appSource(line));
    const received = lineReceived(logs, line);
    const started = performance.now();
    const running = commands.executeCommand('velocitas.run', Uri.file(folder));
    await received;
    const seconds = (performance.now() - started) / 1000;
    await running;
    return seconds;
  };
  const vappRound = async () => {
    const line = freshLine();
    await replaceText(document, appSource(line));
    await document.save();
    const received = lineReceived(logs, line);
    const seconds = await secondsUntilLine(vapp, line);
    await received;
    return seconds;
  };

  // The first loads what later ones have.
  await editorRound();
  await vappRound();
  const times = { editor: [] as number[], vapp: [] as number[] };
  for (let round = 1; round <= rounds; round += 1) {
    times.editor.push(await editorRound());
    times.vapp.push(await vappRound());
  }
  await answer(times satisfies InnerLoopTimes);
});
