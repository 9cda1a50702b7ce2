import assert from 'node:assert/strict';
import { passes, type LogEntry } from '../../../src/editor/logs/entries';
import { Renderer } from '../../../src/editor/logs/renderer';
import { EntryRing } from '../../../src/editor/logs/ring';
import { OTHER_POD, POD, ended, lineEvent, started, words } from './log-fakes';

const render = (...entries: LogEntry[]) => new Renderer('plain', words).render(entries);

describe('a rendered log', () => {
  it('names nobody as long as one container writes', () => {
    assert.deepEqual(render(started(), lineEvent('one'), lineEvent('two')), [`── ${POD}/app started 0`, 'one', 'two']);
  });

  it('names the container when another one of the pod writes, aligned', () => {
    const lines = render(lineEvent('one'), lineEvent('two', { container: 'sidecar' }), lineEvent('three'));
    assert.deepEqual(lines, ['one', '[sidecar] two', '[app]     three']);
  });

  it('names the pod by its own part when another pod writes, and nobody once that has ended', () => {
    const other = { pod: OTHER_POD };
    const lines = render(lineEvent('one'), lineEvent('two', other), lineEvent('three'), ended(), lineEvent('4', other));
    assert.deepEqual(lines, ['one', '[q9z4m] two', '[x7k2p] three', `── ${POD}/app ended 1 Error`, '4']);
  });

  it('names nobody who went away with the whole runtime', () => {
    const lines = render(lineEvent('one'), { type: 'gone' }, lineEvent('two', { pod: OTHER_POD }));
    assert.deepEqual(lines, ['one', 'two']);
  });

  it('names both where it takes both', () => {
    const lines = render(lineEvent('one'), lineEvent('two', { pod: OTHER_POD, container: 'init' }), lineEvent('three'));
    assert.deepEqual(lines.slice(1), ['[q9z4m/init] two', '[x7k2p/app]  three']);
  });

  it('names pods in full whose own parts are the same', () => {
    const lines = render(lineEvent('one', { pod: 'front-0' }), lineEvent('two', { pod: 'back-0' }));
    assert.equal(lines[1], '[back-0]  two');
  });

  it('says what is not there', () => {
    const { line } = lineEvent('begins') as Extract<LogEntry, { type: 'line' }>;
    assert.deepEqual(
      render(
        { type: 'omitted', lines: 12 },
        { type: 'line', line: { ...line, cut: 99 } },
        { type: 'line', line: { ...line, unterminated: true } },
        { type: 'gap', pod: POD, container: 'app', restart: 0, message: 'rotated' },
        { type: 'interrupted', message: 'refused' },
        { type: 'resumed' },
      ),
      [
        '── 12 left out',
        'begins 99 more',
        'begins unended',
        `── gap in ${POD}/app: rotated`,
        '── interrupted: refused',
        '── resumed',
      ],
    );
  });

  it('keeps one line one line, whatever it says', () => {
    const texts = render(lineEvent('a\r\u001b[2Kb'), { type: 'interrupted', message: 'x\ny' });
    assert.deepEqual(texts, ['a␍b', '── interrupted: x␊y']);
  });

  it('does not let a colour run into the next line of a terminal', () => {
    const [text] = new Renderer('coloured', words).render([lineEvent('\u001b[31mred')]);
    assert.equal(text, '\u001b[31mred\u001b[0m');
  });
});

describe('a filtered view', () => {
  it('shows one pod or one container, and what concerns all', () => {
    assert.ok(passes(lineEvent('a'), { pod: POD }));
    assert.ok(!passes(lineEvent('a'), { pod: OTHER_POD }));
    assert.ok(!passes(started(), { pod: POD, container: 'sidecar' }));
    assert.ok(passes({ type: 'resumed' }, { pod: OTHER_POD }));
    assert.ok(passes({ type: 'omitted', lines: 1 }, { pod: OTHER_POD }));
  });
});

describe('a ring of entries', () => {
  const texts = (ring: EntryRing) => ring.all.map((entry) => (entry.type === 'line' ? entry.line.text : entry.type));

  it('keeps the last ones', () => {
    const ring = new EntryRing(3);
    for (let number = 0; number < 100; number++) ring.push([lineEvent(`${number}`)]);
    assert.deepEqual(texts(ring), ['97', '98', '99']);
  });

  it('keeps no more than fits', () => {
    const ring = new EntryRing(100, 1000);
    ring.push(Array.from({ length: 50 }, (_, number) => lineEvent(`${number}`.padEnd(400))));
    assert.deepEqual(
      texts(ring).map((text) => text.trim()),
      ['48', '49'],
    );
  });
});
