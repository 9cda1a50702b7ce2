import { rowOf, type Row } from './statistics';

/** What was measured, by how much there was of what it grows with. */
export type Points = ReadonlyMap<number, number[]>;

/** A row of one cost: ours is where there is least of what it grows with, and each place is named, `MB: 100`. */
export function rowAcross(name: string, unit: string, dimension: string, points: Points): Row {
  const named = Object.fromEntries([...points].map(([place, values]) => [`${dimension}: ${place}`, values]));
  return rowOf(name, unit, points.get(Math.min(...points.keys())) ?? [], named);
}

/** How a cost grows: the straight line that is nearest to the medians. */
export interface Slope {
  /** In the row's unit, for each more of the dimension. */
  readonly slope: number;
  /** What is left with none of it. */
  readonly base: number;
}

/** By least squares. @throws RangeError when there are fewer than two different places. */
export function slopeOf(points: readonly (readonly [place: number, value: number])[]): Slope {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([place]) => place)), mean(points.map(([, value]) => value))];
  const spread = points.reduce((sum, [place]) => sum + (place - x) ** 2, 0);
  if (!(spread > 0)) throw new RangeError('a slope needs two different places');
  const slope = points.reduce((sum, [place, value]) => sum + (place - x) * (value - y), 0) / spread;
  return { slope, base: y - slope * x };
}

/** The page `bench/scale.md`, from the rows that {@link rowAcross} has made; other rows are left out. */
export function scaleReport(rows: readonly Row[]): string {
  const lines = rows.filter(({ name }) => name.startsWith('scale/')).map(scaleLine);
  return `# Slopes

Written by \`npm run bench\` from \`results.json\`; what it means is in [docs/scale.md](../docs/scale.md). A cost is about its
base and the slope for each more of what it grows with; medians are given at each place that was measured.

| cost | grows with | measured | base | slope |
|---|---|---|--:|--:|
${lines.join('\n')}
`;
}

function scaleLine({ name, unit, peers }: Row): string {
  const places = Object.entries(peers).map(([label, { median }]) => {
    const [dimension = '', place = ''] = label.split(': ');
    return { dimension, place: Number(place), median };
  });
  const { slope, base } = slopeOf(places.map(({ place, median }) => [place, median]));
  const dimension = places[0]?.dimension ?? '';
  const measured = places.map(({ place, median }) => `${place}: ${median} ${unit}`).join(', ');
  const cost = name.replace(/^scale\/[^/]*\//, '').replaceAll('-', ' ');
  return `| ${cost} | ${dimension} | ${measured} | ${shown(base)} ${unit} | ${shown(slope)} ${unit} |`;
}

/** Three significant digits. */
function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
