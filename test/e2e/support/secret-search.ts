import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../../src/base';
import { commandLines } from './images';

/** Files above this size are none of ours. */
const MAX_FILE = 32 * 1024 * 1024;
const SAMPLE_MS = 50;

/** Looks for planted secrets, in whatever form tools write them. */
export class SecretSearch {
  private readonly forms: readonly string[];
  private readonly watching = new AbortController();
  private readonly told: string[] = [];
  private watch: Promise<void> | undefined;
  private samples = 0;

  constructor(secrets: readonly string[]) {
    this.forms = secrets.flatMap((secret) => [
      ...new Set([secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]),
    ]);
  }

  /** The secrets in a text. */
  in(text: string): string[] {
    return this.forms.filter((form) => text.includes(form));
  }

  /** Looks at the command lines of all processes from now on. */
  watchProcesses(): void {
    this.watch = this.sample();
  }

  /** Command lines with a secret in them, and how often all were looked at. */
  async endOfWatch(): Promise<{ readonly told: readonly string[]; readonly samples: number }> {
    this.watching.abort();
    await this.watch;
    return { told: this.told, samples: this.samples };
  }

  /** Files below a folder that hold a secret, absolute, without those that are told to leave out. */
  async filesIn(folder: string, leaveOut: (path: string) => boolean): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (leaveOut(path)) continue;
      if (entry.isDirectory()) found.push(...(await this.filesIn(path, leaveOut)));
      else if (entry.isFile() && (await this.isIn(path))) found.push(path);
    }
    return found;
  }

  /** The same for what may be a file as well. */
  async filesAt(path: string): Promise<string[]> {
    try {
      const kind = await stat(path);
      if (kind.isDirectory()) return await this.filesIn(path, () => false);
      return kind.isFile() && (await this.isIn(path)) ? [path] : [];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  private async isIn(path: string): Promise<boolean> {
    try {
      if ((await stat(path)).size > MAX_FILE) return false;
      return this.in(await readFile(path, 'latin1')).length > 0;
    } catch (error) {
      // Gone meanwhile: somebody else's, or a temporary one.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  private async sample(): Promise<void> {
    while (!this.watching.signal.aborted) {
      this.samples += 1;
      for (const line of await commandLines()) if (this.in(line).length > 0) this.told.push(line);
      await sleep(SAMPLE_MS);
    }
  }
}
