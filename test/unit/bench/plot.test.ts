import assert from 'node:assert/strict';
import { plotOf } from '../../bench/plot';
import { rowOf } from '../../bench/statistics';

const row = rowOf(
  'inner-loop',
  's',
  [1, 1, 2],
  { 'skaffold <dev>': [4, 4, 8], floor: [0.5] },
  { bars: { 'skaffold <dev>': 0.5, floor: 1.1 } },
);

/** Values of one attribute of the elements of a kind, in order. */
function attributes(svg: string, element: string, name: string): string[] {
  return [...svg.matchAll(new RegExp(`<${element} [^>]*\\b${name}="([^"]*)"`, 'g'))].map(([, value]) => value ?? '');
}

describe('bench: plot', () => {
  it('puts equal ratios at equal distances: half and double lie as far from 1', () => {
    const [half, even, double] = attributes(
      plotOf([rowOf('a', 's', [1], { x: [2], y: [1], z: [0.5] })]),
      'circle',
      'cx',
    ).map(Number);
    assert.ok(half !== undefined && even !== undefined && double !== undefined);
    assert.ok(half < even);
    assert.ok(Math.abs(even - half - (double - even)) < 0.2);
  });

  it('tells what is met, missed, and only told', () => {
    assert.deepEqual(attributes(plotOf([row, rowOf('b', 's', [1], { x: [2] })]), 'circle', 'class'), [
      'met',
      'missed',
      'told',
    ]);
  });

  it('draws the range of a ratio from our least by their greatest to our greatest by their least', () => {
    const svg = plotOf([rowOf('a', 's', [1, 2, 4], { x: [2, 2, 4] })]);
    const end = (name: string) =>
      Number(/class="range[^>]*/.exec(svg)?.[0].match(new RegExp(`${name}="([^"]*)"`))?.[1]);
    const [least, even, greatest] = attributes(
      plotOf([rowOf('a', 's', [1], { l: [4], e: [1], g: [0.5] })]),
      'circle',
      'cx',
    ).map(Number);
    assert.ok(even !== undefined);
    assert.deepEqual([end('x1'), end('x2')], [least, greatest]);
  });

  it('has a tick for each bar and a line for a limit', () => {
    const svg = plotOf([row, rowOf('idle', '%', [0.1], {}, { limit: 0.2 })]);
    assert.equal(svg.match(/class="bar"/g)?.length, 3);
    assert.match(svg, />limit of 0.2 %</);
  });

  it('escapes names, and leaves out what has no ratio', () => {
    const svg = plotOf([row, rowOf('size', 'MB', [1], {}), rowOf('zero', '%', [0], { stub: [1] })]);
    assert.match(svg, />skaffold &lt;dev&gt;</);
    assert.doesNotMatch(svg, />size<|>zero</);
    assert.doesNotMatch(svg, /NaN|Infinity/);
  });

  it('has a scale for no rows, too', () => {
    assert.match(plotOf([]), /^<svg [\s\S]*<\/svg>\n$/);
  });
});
