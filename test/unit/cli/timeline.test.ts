import assert from 'node:assert/strict';
import { timelineLines } from '../../../src/cli/timeline';
import type { Span } from '../../../src/run';

const spans: readonly Span[] = [
  { step: 'start', from: 0, to: 100 },
  { step: 'build', app: 'app', from: 100, to: 400 },
  { step: 'build', app: 'app', part: 'exporting to image', from: 300, to: 400 },
  { step: 'pod', app: 'app', from: 400, to: 400 },
];

/** First and last column of the bar of a line, counted from the axis' left end. */
function barOf(line: string): [first: number, last: number] {
  const axis = line.slice(39);
  return [axis.search(/[━─]/), axis.search(/[━─](?=[^━─])/)];
}

describe('cli: timeline', () => {
  const [head, ...lines] = timelineLines(spans, ({ step }) => step);

  it('says how long it was, and gives each span a line', () => {
    assert.match(head ?? '', /0\.40 s/);
    assert.equal(lines.length, spans.length);
    assert.match(lines[2] ?? '', /^ {4}exporting to image .* 0\.10 s$/);
  });

  it('draws bars in proportion on one axis', () => {
    assert.deepEqual(lines.slice(0, 3).map(barOf), [
      [0, 11],
      [12, 47],
      [36, 47],
    ]);
  });

  it('shows what took no time, too, within the axis', () => {
    assert.deepEqual(barOf(lines[3] ?? ''), [47, 47]);
  });

  it('has nothing to draw of nothing', () => {
    assert.equal(timelineLines([], ({ step }) => step).length, 1);
  });
});
