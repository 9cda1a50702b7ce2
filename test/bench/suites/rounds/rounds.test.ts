import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Uri, commands, extensions, window, workspace } from 'vscode';
import type { ExtensionApi } from '../../../../src/extension';
import { lineReceived, replaceText } from '../editing';
import { answer, givenTask } from '../task';

export interface RoundsTask {
  readonly extension: string;
  /** The app's folder, which is open, and whose app runs. */
  readonly folder: string;
  /** Asks for rounds, one {@link Round} a line, and gets a line of {@link RoundTime} for each. */
  readonly socket: string;
}

export interface Round {
  /** From the app's folder. */
  readonly file: string;
  readonly text: string;
  /** What the app prints then; without it the file is only saved. */
  readonly line?: string;
}

export interface RoundTime {
  /** From the file's being saved to the line in the channel. */
  readonly seconds: number;
  /** From the command, which saves it. */
  readonly withSave: number;
}

it('runs the app whenever it is asked to', async function () {
  this.timeout(0);
  const { extension, folder, socket } = givenTask() as RoundsTask;
  const found = extensions.getExtension<ExtensionApi>(extension);
  if (!found) throw new Error(`${extension} is not there`);
  const { logs, folders } = await found.activate();
  await folders.ready;

  const round = async ({ file, text, line }: Round): Promise<RoundTime> => {
    const document = await workspace.openTextDocument(join(folder, file));
    await window.showTextDocument(document);
    await replaceText(document, text);
    if (line === undefined) {
      await document.save();
      return { seconds: 0, withSave: 0 };
    }
    const received = lineReceived(logs, line);
    const started = performance.now();
    let saved = started;
    const saving = workspace.onDidSaveTextDocument((which) => {
      if (which === document) saved = performance.now();
    });
    const running = commands.executeCommand('velocitas.run', Uri.file(folder));
    await received;
    const now = performance.now();
    saving.dispose();
    await running;
    return { seconds: (now - saved) / 1000, withSave: (now - started) / 1000 };
  };

  const connection = createConnection(socket);
  let rounds = 0;
  for await (const request of createInterface({ input: connection })) {
    connection.write(`${JSON.stringify(await round(JSON.parse(request) as Round))}\n`);
    rounds += 1;
  }
  await answer(rounds);
});
