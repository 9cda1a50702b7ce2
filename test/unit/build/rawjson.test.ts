import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fixture, read } from './support';

describe('build: reading rawjson', () => {
  it('reads objects that are spread over lines, and the text between them', () => {
    const { statuses, text } = read(fixture('failing-run.rawjson'));
    assert.ok(statuses.length > 5);
    assert.ok(statuses.every((status) => status.vertexes ?? status.statuses ?? status.logs));
    assert.equal(text[0], 'Dockerfile:4');
    assert.match(text.filter(Boolean).at(-1) ?? '', /^ERROR: failed to solve: /);
  });

  it('reads one object a line just the same', () => {
    const { statuses, text } = read(fixture('failing-run.rawjson'));
    const compact = [...statuses.map((status) => JSON.stringify(status)), ...text].join('\n');
    assert.deepEqual(read(compact), { statuses, text });
  });

  it('takes what looks like an object but is none for text', () => {
    const output = '{ not json }\n{\n  broken\n}\n{"vertexes":[]}\n{';
    assert.deepEqual(read(output), {
      statuses: [{ vertexes: [] }],
      text: ['{ not json }', '{', '  broken', '}', '{'],
    });
  });

  it('leaves out what is of another kind than it should be', () => {
    const output = [
      '{"vertexes":[null,7,{"name":"no digest"},{"digest":"a","name":1,"started":"x","cached":"yes"}],"logs":{}}',
      '{"statuses":[{"id":"a"},{"id":"a","vertex":"b","total":"1"}],"warnings":[{"range":[{"start":{"line":2}}]},[]]}',
      'null',
    ];
    assert.deepEqual(read(output.join('\n')), {
      statuses: [
        { vertexes: [{ digest: 'a', started: 'x' }] },
        { statuses: [{ id: 'a', vertex: 'b' }], warnings: [{ line: 2 }] },
      ],
      text: ['null'],
    });
  });

  it('loses no line, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('{', '}', '{}', '{"a":1}', '  "a": 1', 'text', '')), (lines) => {
        const { statuses, text } = read(lines.join('\n'));
        if (statuses.length === 0 && lines.length > 0) assert.deepEqual(text, lines);
        assert.ok(text.length + statuses.length <= Math.max(lines.length, 1));
      }),
    );
  });
});
