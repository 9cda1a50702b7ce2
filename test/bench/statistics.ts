/** What repeated measurements of one thing came to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A row of the results; other figures are ratios to it, `ours / theirs`: below 1 is faster than the peer. */
export interface Row extends Summary {
  readonly name: string;
  readonly unit: string;
  readonly runs: number;
  readonly peers: Readonly<Record<string, Summary>>;
  readonly ratios: Readonly<Record<string, number>>;
}

/** @throws RangeError when there is nothing to summarise. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new RangeError('no measurements');
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? min;
  return { median: round((lower + upper) / 2), min: round(min), max: round(max) };
}

/** A row from the measurements of ours and of each peer; to nothing there is no ratio. */
export function rowOf(
  name: string,
  unit: string,
  ours: readonly number[],
  theirs: Readonly<Record<string, readonly number[]>>,
): Row {
  const own = summarise(ours);
  const peers = Object.fromEntries(Object.entries(theirs).map(([peer, values]) => [peer, summarise(values)]));
  const ratios = Object.fromEntries(
    Object.entries(peers)
      .filter(([, { median }]) => median !== 0)
      .map(([peer, { median }]) => [peer, Math.round((100 * own.median) / median) / 100]),
  );
  return { name, unit, runs: ours.length, ...own, peers, ratios };
}

/** A Markdown table of rows, ours first. */
export function tableOf(rows: readonly Row[]): string {
  const lines = ['| measurement | who | median | min | max | ours ÷ theirs |', '|---|---|--:|--:|--:|--:|'];
  for (const row of rows) {
    const cells = ({ median, min, max }: Summary) =>
      [median, min, max].map((value) => `${value} ${row.unit}`).join(' | ');
    lines.push(`| **${row.name}** (${row.runs === 1 ? '1 run' : `${row.runs} runs`}) | ours | ${cells(row)} | |`);
    for (const [peer, summary] of Object.entries(row.peers)) {
      lines.push(`| | ${peer} | ${cells(summary)} | ${row.ratios[peer] ?? ''} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
