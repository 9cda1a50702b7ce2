import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startOfFile } from '../base';
import type { Findings } from './findings';
import { displayPath, leadsOut } from './paths';
import { linkProblem } from './text-file';

/** Most files of a chart, and most bytes in them. Kubernetes keeps each revision's chart, packed, in one MiB. */
const MAX_FILES = 5000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Looks through the files of a chart, none of which is read: Helm follows symbolic links, so that by one of them a
 * template could put any file of this machine into the cluster; and all that is there it takes into memory.
 */
export async function checkChartFiles(root: string, chart: string, findings: Findings): Promise<void> {
  await new ChartFiles(root, chart, findings).look(chart);
}

class ChartFiles {
  private readonly seen = new Set<string>();
  private files = 0;
  private bytes = 0;

  constructor(
    private readonly root: string,
    private readonly chart: string,
    private readonly findings: Findings,
  ) {}

  /** @returns false when enough has been seen. */
  async look(folder: string): Promise<boolean> {
    if (await this.isKnown(folder)) return true;
    for (const entry of await entriesOf(folder)) {
      if (entry.name === '.git') continue;
      const path = join(folder, entry.name);
      if (entry.isSymbolicLink() && (await leadsOut(this.findings.boundary, path))) {
        this.findings.error(startOfFile(path), linkProblem(displayPath(this.root, path)));
      } else if (!(await this.take(path))) return false;
    }
    return true;
  }

  private async take(path: string): Promise<boolean> {
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isDirectory()) return this.look(path);
    if (!stats?.isFile()) return true;
    this.files += 1;
    this.bytes += stats.size;
    if (this.files <= MAX_FILES && this.bytes <= MAX_BYTES) return true;
    this.findings.error(startOfFile(path), {
      code: 'chart-too-large',
      message: `The chart ${displayPath(this.root, this.chart)} has more than ${MAX_FILES} files or 64 MiB.`,
      hint: 'Move out of its folder what is no part of the chart.',
    });
    return false;
  }

  /** A link may lead back into a folder that has been seen. */
  private async isKnown(folder: string): Promise<boolean> {
    const real = await realpath(folder).catch(() => folder);
    if (this.seen.has(real)) return true;
    this.seen.add(real);
    return false;
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    // Not there, or nobody may look: reading the chart tells.
    return [];
  }
}
