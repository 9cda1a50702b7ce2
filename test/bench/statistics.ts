/** What repeated measurements of one thing came to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a row has to keep to, by its medians; without both it only reports. */
export interface Bars {
  /** Of a peer: the greatest ratio to it. */
  readonly bars?: Readonly<Record<string, number>>;
  /** The greatest value of ours, in the row's unit. */
  readonly limit?: number;
  /** The peer that is no more than what nobody can do without: where it misses a bar, no tool can keep to it. */
  readonly unavoidable?: string;
}

/** A row of the results; other figures are ratios to it, `ours / theirs`: below 1 is faster than the peer. */
export interface Row extends Summary, Bars {
  readonly name: string;
  readonly unit: string;
  readonly runs: number;
  readonly peers: Readonly<Record<string, Summary>>;
  readonly ratios: Readonly<Record<string, number>>;
  /** In how many runs a peer came to no result, beside those that its figures summarise. */
  readonly missing?: Readonly<Record<string, number>>;
}

/** What a run of a peer came to; undefined: to no result. */
export type PeerResult = number | undefined;

/** @throws RangeError when there is nothing to summarise. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) throw new RangeError('no measurements');
  const upper = sorted[Math.floor(sorted.length / 2)] ?? max;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? min;
  return { median: round((lower + upper) / 2), min: round(min), max: round(max) };
}

/**
 * A row from the measurements of ours and of each peer; to nothing there is no ratio.
 *
 * @throws RangeError when there is nothing to summarise, or a bar names no peer.
 */
export function rowOf(
  name: string,
  unit: string,
  ours: readonly number[],
  theirs: Readonly<Record<string, readonly PeerResult[]>>,
  { bars, limit, unavoidable }: Bars = {},
): Row {
  const named = [...Object.keys(bars ?? {}), ...(unavoidable === undefined ? [] : [unavoidable])];
  const stray = named.find((peer) => !(peer in theirs));
  if (stray !== undefined) throw new RangeError(`there is no peer "${stray}" in ${name}`);
  const own = summarise(ours);
  const peers = mapValues(theirs, (results) => summarise(results.filter((result) => result !== undefined)));
  const missing = Object.fromEntries(
    Object.entries(mapValues(theirs, (results) => results.filter((result) => result === undefined).length)).filter(
      ([, count]) => count > 0,
    ),
  );
  const ratios = Object.fromEntries(
    Object.entries(peers)
      .filter(([, { median }]) => median !== 0)
      .map(([peer, { median }]) => [peer, Math.round((100 * own.median) / median) / 100]),
  );
  const limits = {
    ...(bars && { bars }),
    ...(limit !== undefined && { limit }),
    ...(unavoidable !== undefined && { unavoidable }),
  };
  const told = Object.keys(missing).length > 0 ? { missing } : {};
  return { name, unit, runs: ours.length, ...own, peers, ratios, ...told, ...limits };
}

function mapValues<V, R>(record: Readonly<Record<string, V>>, map: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Something that a row has to keep to, and whether it does. */
export interface Verdict {
  /** Of the bar; undefined for the limit. */
  readonly peer?: string;
  readonly greatest: number;
  readonly met: boolean;
  /** Where no tool can keep to it: what the unavoidable alone comes to, as a ratio. */
  readonly floor?: number;
}

/** What a row has to keep to, judged by medians that are not rounded to a ratio. */
export function verdictsOf({ median, peers, bars, limit, unavoidable = '' }: Row): readonly Verdict[] {
  const ofPeers = Object.entries(bars ?? {}).map(([peer, greatest]): Verdict => {
    const theirs = peers[peer]?.median ?? 0;
    const met = median <= greatest * theirs;
    const least = peers[unavoidable]?.median ?? 0;
    if (met || least <= greatest * theirs || theirs === 0) return { peer, greatest, met };
    return { peer, greatest, met, floor: Math.round((100 * least) / theirs) / 100 };
  });
  return limit === undefined ? ofPeers : [{ greatest: limit, met: median <= limit }, ...ofPeers];
}

/** A Markdown table of rows, ours first. */
export function tableOf(rows: readonly Row[]): string {
  const lines = ['| measurement | who | median | min | max | ours ÷ theirs | bar |', '|---|---|--:|--:|--:|--:|--:|'];
  for (const row of rows) {
    const verdicts = verdictsOf(row);
    const bar = (of?: string, unit = '') => {
      const verdict = verdicts.find(({ peer }) => peer === of);
      if (!verdict) return '';
      const floor = verdict.floor === undefined ? '' : `; what cannot be avoided alone: ${verdict.floor}`;
      return `≤ ${verdict.greatest}${unit} ${verdict.met ? '✓' : '✗'}${floor}`;
    };
    const cells = ({ median, min, max }: Summary) =>
      [median, min, max].map((value) => `${value} ${row.unit}`).join(' | ');
    const runs = row.runs === 1 ? '1 run' : `${row.runs} runs`;
    lines.push(`| **${row.name}** (${runs}) | ours | ${cells(row)} | | ${bar(undefined, ` ${row.unit}`)} |`);
    for (const [peer, summary] of Object.entries(row.peers)) {
      const none = row.missing?.[peer];
      const who = none === undefined ? peer : `${peer} (no result in ${none} more)`;
      lines.push(`| | ${who} | ${cells(summary)} | ${row.ratios[peer] ?? ''} | ${bar(peer)} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
