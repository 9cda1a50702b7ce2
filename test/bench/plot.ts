import { verdictsOf, type Row } from './statistics';

/** Pixels. */
const WIDTH = 1040;
const LEFT = 450;
const RIGHT = 950;
const TOP = 64;
const ROW = 20;
const GAP = 14;
const LONGEST_LABEL = 66;

const STYLE = `
    :root { --paper: #fff; --ink: #1f2328; --faint: #656d76; --grid: #d8dee4; --met: #1a7f37; --missed: #cf222e; --told: #0969da; }
    @media (prefers-color-scheme: dark) {
      :root { --paper: #0d1117; --ink: #e6edf3; --faint: #8d96a0; --grid: #30363d; --met: #3fb950; --missed: #f85149; --told: #58a6ff; }
    }
    text { font: 12px system-ui, sans-serif; fill: var(--ink); }
    .head { font-size: 15px; font-weight: 600; } .name { font-weight: 600; } .faint { fill: var(--faint); }
    .paper { fill: var(--paper); } .grid { stroke: var(--grid); } .even { stroke: var(--faint); } .bar { stroke: var(--ink); stroke-width: 2; }
    .met { fill: var(--met); stroke: var(--met); } .missed { fill: var(--missed); stroke: var(--missed); }
    .told { fill: var(--told); stroke: var(--told); } .range { stroke-width: 2; stroke-opacity: 0.55; }`;

/** Ours divided by what one line of the plot compares it with. */
interface Mark {
  readonly label: string;
  readonly median: number;
  /** Ends of what the measured ranges allow: our least by their greatest, and our greatest by their least. */
  readonly least: number;
  readonly greatest: number;
  readonly bar?: number;
  readonly verdict: 'met' | 'missed' | 'told';
}

/**
 * The ratios of rows to their peers and to their limits as one picture: an SVG text, without anything outside of it,
 * with colours for light and dark. Ratios are on a logarithmic scale; left of 1, ours is smaller.
 */
export function plotOf(rows: readonly Row[]): string {
  const groups = rows.map((row) => ({ name: row.name, marks: marksOf(row) })).filter(({ marks }) => marks.length > 0);
  const scale = scaleOf(groups.flatMap(({ marks }) => marks));
  const drawn: string[] = [];
  let y = TOP;
  for (const { name, marks } of groups) {
    drawn.push(`<text class="name" x="12" y="${y + 14}">${escaped(name)}</text>`);
    for (const mark of marks) {
      y += ROW;
      drawn.push(...drawnMark(mark, y + 10, scale));
    }
    y += ROW + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">
  <title>Ratios of the measurements: ours divided by what it is compared with</title>
  <style>${STYLE}
  </style>
  <rect class="paper" width="${WIDTH}" height="${y}" />
  <text class="head" x="12" y="24">Ours ÷ theirs</text>
  <text class="faint" x="130" y="24">Point: of the medians. Line: what the ranges allow. Tick: the bar, to be on its left. Green ✓: met, red ✗: missed, blue: only told.</text>
  ${[...gridOf(scale, y), ...drawn].join('\n  ')}
</svg>
`;
}

function marksOf(row: Row): readonly Mark[] {
  const verdicts = verdictsOf(row);
  const of = (peer: string | undefined): Pick<Mark, 'bar' | 'verdict'> => {
    const verdict = verdicts.find((candidate) => candidate.peer === peer);
    if (!verdict) return { verdict: 'told' };
    return { bar: peer === undefined ? 1 : verdict.greatest, verdict: verdict.met ? 'met' : 'missed' };
  };
  const { limit } = row;
  const limits =
    limit === undefined ? [] : [{ label: `limit of ${limit} ${row.unit}`, ...by(row, limit), ...of(undefined) }];
  const peers = Object.entries(row.peers).map(([peer, theirs]) => ({
    label: peer.replaceAll('`', ''),
    median: row.median / theirs.median,
    least: row.min / theirs.max,
    greatest: row.max / theirs.min,
    ...of(peer),
  }));
  // A logarithmic scale has no place for nothing.
  return [...limits, ...peers].filter(({ median }) => median > 0 && Number.isFinite(median));
}

function by({ median, min, max }: Row, limit: number): Pick<Mark, 'median' | 'least' | 'greatest'> {
  return { median: median / limit, least: min / limit, greatest: max / limit };
}

/** Where a ratio lies, in pixels; what is outside of the scale lies at its end. */
interface Scale {
  readonly x: (ratio: number) => number;
  /** Ratios that get a line of the grid. */
  readonly lines: readonly number[];
}

/** From whole power of ten to whole power of ten, 1 included, with 2 and 5 between them while there is room. */
function scaleOf(marks: readonly Mark[]): Scale {
  const shown = [1, ...marks.flatMap(({ median, least, greatest, bar = 1 }) => [median, least, greatest, bar])];
  const exponents = shown.filter((ratio) => ratio > 0 && Number.isFinite(ratio)).map(Math.log10);
  const [first, last] = [
    Math.min(-1, Math.floor(Math.min(...exponents))),
    Math.max(1, Math.ceil(Math.max(...exponents))),
  ];
  const steps = last - first > 4 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: last - first }, (_, index) => first + index);
  return {
    x: (ratio) => {
      const part = (Math.log10(ratio) - first) / (last - first);
      return Math.round(10 * (LEFT + (RIGHT - LEFT) * Math.min(1, Math.max(0, part)))) / 10;
    },
    lines: [...powers.flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(1)))), 10 ** last],
  };
}

function gridOf({ x, lines }: Scale, bottom: number): readonly string[] {
  return lines.flatMap((ratio) => [
    `<line class="${ratio === 1 ? 'even' : 'grid'}" x1="${x(ratio)}" x2="${x(ratio)}" y1="${TOP - 6}" y2="${bottom - GAP}" />`,
    `<text class="faint" x="${x(ratio)}" y="${TOP - 12}" text-anchor="middle">${ratio}</text>`,
  ]);
}

function drawnMark({ label, median, least, greatest, bar, verdict }: Mark, y: number, { x }: Scale): readonly string[] {
  const short = label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}…` : label;
  const tick =
    bar === undefined ? [] : [`<line class="bar" x1="${x(bar)}" x2="${x(bar)}" y1="${y - 8}" y2="${y + 8}" />`];
  return [
    `<text class="faint" x="24" y="${y + 4}">${escaped(short)}</text>`,
    ...tick,
    `<line class="range ${verdict}" x1="${x(least)}" x2="${x(greatest)}" y1="${y}" y2="${y}" />`,
    `<circle class="${verdict}" cx="${x(median)}" cy="${y}" r="4" />`,
    `<text x="${RIGHT + 62}" y="${y + 4}" text-anchor="end">${figure(median)}</text>`,
    // Not everybody tells the colours apart.
    `<text x="${RIGHT + 68}" y="${y + 4}">${SIGN[verdict]}</text>`,
  ];
}

const SIGN = { met: '✓', missed: '✗', told: '' } as const;

/** Two digits that count. */
function figure(ratio: number): string {
  return ratio >= 10 ? String(Math.round(ratio)) : String(Number(ratio.toPrecision(2)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
