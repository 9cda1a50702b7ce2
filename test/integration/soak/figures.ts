import { readFile } from 'node:fs/promises';
import { saveFigures } from '../../support/figures';
import { flatness, type Sample } from './samples';

/** Shorter runs than this, minutes, are not kept. */
const FULL_MINUTES = 60;

/** What the suite leaves. */
interface Soak {
  readonly samples: readonly Sample[];
  readonly files: { readonly early: number; readonly late: number };
  readonly lines: number;
  readonly minutes: number;
}

/** Prints what a soak came to; the figures of a long one are kept. @param file that the suite has left, if it came so far. */
export async function saveSoakFigures(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { samples, files, lines, minutes } = JSON.parse(text) as Soak;
  const { heap, rowsKept } = flatness(samples);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const kilobytes = (bytes: number) => `${(bytes / 1e3).toFixed(1)} kB`;
  const most = (of: (sample: Sample) => number) => Math.max(...samples.map(of));
  const rows = [
    ['heap after collecting garbage, without compiled code', megabytes(heap.early), megabytes(heap.late)],
    ['a round adds', '', `${kilobytes(heap.aRound)}, ${kilobytes(rowsKept)} of it rows that the editor keeps`],
    ['open files and sockets, at rest after the first quarter and in the end', files.early, files.late],
    ['images of the app in the engine', '', `at most ${most(({ engineImages }) => engineImages)}`],
    ['images of the app in the node', '', `at most ${most(({ nodeImages }) => nodeImages)}`],
    ['memory of the process', megabytes(samples[0]?.rss ?? 0), `at most ${megabytes(most(({ rss }) => rss))}`],
  ];
  const note = `${samples.length} rounds of edit and run in ${minutes} minutes; ${lines} lines of the log, none missing, none doubled.`;
  await saveFigures(
    'soak',
    { columns: ['extension host', 'second quarter', 'last quarter'], rows, notes: [note] },
    { keep: minutes >= FULL_MINUTES },
  );
}
