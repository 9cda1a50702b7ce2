import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { StackContext } from '../stack/types';
import type { TestBed } from './bed';
import { inExtensionHost, ourExtension } from './extension-host';
import { ourExtensionId } from './stub-extension';
import type { Round, RoundTime, RoundsTask } from './suites/rounds/rounds.test';

/** An editor that is open on an app's folder and runs the app whenever it is asked to, in turn with the peers. */
export class OpenEditor {
  private constructor(
    private readonly server: Server,
    private readonly connection: Socket,
    private readonly answers: Interface,
    /** Rejects when the suite in the editor has failed. */
    private readonly ended: Promise<unknown>,
  ) {}

  static async open(bed: TestBed, context: StackContext, folder: string): Promise<OpenEditor> {
    const socket = join(bed.folder, 'editor.sock');
    const server = createServer().listen(socket);
    const task: RoundsTask = { extension: await ourExtensionId(), folder, socket };
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const ended = inExtensionHost(bed, context, {
      suite: 'rounds',
      extension: ourExtension,
      workspace: folder,
      task,
      timeoutMs: LIMIT_MS,
    });
    // Looked at in run() and close().
    ended.catch(() => undefined);
    try {
      const [connection] = await orFailed(connected, ended);
      return new OpenEditor(server, connection, createInterface({ input: connection }), ended);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** Gives a file other content and runs the app, which saves it. */
  run(file: string, text: string, line: string): Promise<RoundTime> {
    return this.ask({ file, text, line });
  }

  /** Gives a file other content and saves it. What is written behind its back, an editor would ask about. */
  async save(file: string, text: string): Promise<void> {
    await this.ask({ file, text });
  }

  async close(): Promise<void> {
    this.connection.end();
    this.server.close();
    await this.ended;
  }

  private async ask(round: Round): Promise<RoundTime> {
    const answer = once(this.answers, 'line') as Promise<[string]>;
    this.connection.write(`${JSON.stringify(round)}\n`);
    const [line] = await orFailed(answer, this.ended);
    return JSON.parse(line) as RoundTime;
  }
}

/** How long a person's editor may be open here. */
const LIMIT_MS = 1_800_000;

function orFailed<T>(work: Promise<T>, ended: Promise<unknown>): Promise<T> {
  const early = ended.then(() => {
    throw new Error('the editor ended before it was asked to');
  });
  return Promise.race([work, early]);
}
