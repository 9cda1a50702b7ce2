import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { TestWorkspace } from '../e2e/support/workspace';
import { openBrowser } from '../workbench/browser';
import { Person } from '../workbench/person';
import { workbenchPrograms } from '../workbench/programs';
import { WorkbenchServer } from '../workbench/server';
import { packVsix } from '../workbench/vsix';

const root = join(__dirname, '..', '..');

/** Screenshots of every step, for people to look at. */
export const PICTURES = join(root, 'out', 'pictures');

export interface DeskOptions {
  /** More of the environment that the extension gets. */
  readonly env?: Record<string, string>;
}

/** A repository, open in a workbench with the packed extension in it, and people in front of it. */
export class Desk {
  private constructor(
    readonly workspace: TestWorkspace,
    private readonly server: WorkbenchServer,
    private readonly browser: Browser,
  ) {}

  /** Takes the workspace over. */
  static async open(workspace: TestWorkspace, { env }: DeskOptions = {}): Promise<Desk> {
    const programs = await workbenchPrograms();
    const vsix = await packVsix(workspace.home);
    const server = await WorkbenchServer.start({ programs, env: workspace.environment(env), extensions: [vsix] });
    await rm(vsix);
    try {
      return new Desk(workspace, server, await openBrowser(programs));
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Somebody else opens the same folder, in a window of their own. */
  async sitDown(): Promise<Person> {
    const { path } = this.workspace;
    const person = await Person.sitDown({
      browser: this.browser,
      url: this.server.url(path),
      folder: path,
      pictures: PICTURES,
    });
    await person.openView();
    return person;
  }

  async dispose(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    await this.workspace.dispose();
  }
}
