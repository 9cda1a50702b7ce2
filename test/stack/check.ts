import { createContext } from './context';
import { enginePart } from './engine/choose';
import { ownEngineHost } from './engine/own';
import { imageParts } from './images';
import type { Layout } from './layout';
import { TOOLS } from './links';
import { desktopParts } from './parts/desktop';
import { toolPart } from './parts/tool';
import { workbenchParts } from './parts/workbench';
import { describeReachability, probeOfficialHosts } from './probe';
import { silentProgress } from './progress';
import { readState } from './state';
import { formatTable, type TableRow } from './table';
import type { Part } from './types';

export interface CheckResult {
  /** The table, and above it whether official sources answer. */
  readonly text: string;
  readonly complete: boolean;
}

/** What of the stack is there, from where, and what is missing. Starts, makes and fetches nothing. */
export async function checkStack(layout: Layout, signal: AbortSignal): Promise<CheckResult> {
  const reachable = await probeOfficialHosts(signal);
  const dockerHost = (await readState(layout))?.engine.host ?? ownEngineHost(layout);
  const context = createContext({ layout, reachable, progress: silentProgress, signal, dockerHost });
  const parts: readonly Part[] = [
    enginePart(layout),
    ...TOOLS.map(toolPart),
    ...workbenchParts,
    ...desktopParts(context),
    ...imageParts,
  ];
  const rows: TableRow[] = await Promise.all(
    parts.map(async (part) => ({ name: part.name, version: part.version, ...(await part.status(context)) })),
  );
  return {
    text: `${describeReachability(reachable)}\n\n${formatTable(rows)}\n`,
    complete: rows.every((row) => row.state === 'ready'),
  };
}
