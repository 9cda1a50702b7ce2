import { commands } from 'vscode';
import type { Folders } from './folders';
import { Owner } from './owner';
import { contextOf, type ContextValues } from './window-state';

/** Keeps package.json's context keys true. */
export class ContextKeys extends Owner {
  private readonly known = new Map<string, unknown>();

  constructor(private readonly folders: Folders) {
    super();
    this.own(folders.onDidChange(() => this.update()));
  }

  private update(): void {
    const folders = this.folders.all.map(({ picture, jobs }) => ({ picture, jobs: jobs.busy, live: jobs.live }));
    const values: ContextValues = contextOf(folders);
    for (const [name, value] of Object.entries(values)) {
      if (this.known.has(name) && this.known.get(name) === value) continue;
      this.known.set(name, value);
      void commands.executeCommand('setContext', `velocitas.${name}`, value);
    }
  }
}
