import assert from 'node:assert/strict';
import type { BuildEvent } from '../../../src/build';
import { ClassicLog } from '../../../src/build/classic';
import { outline } from '../../../src/build/dockerfile';
import { fixture } from './support';

async function replay(name: string, dockerfile: string, end: 'done' | 'failed') {
  const events: BuildEvent[] = [];
  let time = 0;
  const { instructions } = await outline(fixture(dockerfile));
  const log = new ClassicLog(
    instructions,
    (event) => events.push(event),
    () => (time += 10),
  );
  for (const line of fixture(name).split('\n')) log.line(line);
  const steps = log.finish(end);
  const output = events.flatMap((event) => (event.type === 'output' ? [event.text] : []));
  return { steps, output, log };
}

describe('build: the classic builder', () => {
  it('its steps, lines and output', async () => {
    const { steps, output } = await replay('classic.txt', 'success.Dockerfile', 'done');
    assert.equal(steps.length, 10);
    assert.deepEqual(steps[2], {
      id: '3',
      name: '[3/10] RUN echo "$GREETING" > /greeting &&     echo to-stdout &&     echo to-stderr >&2',
      state: 'done',
      durationMs: 10,
      lines: { first: 4, last: 6 },
    });
    assert.deepEqual(output, ['to-stdout', 'to-stderr']);
  });

  it('its cache', async () => {
    const { steps, output } = await replay('classic-cached.txt', 'success.Dockerfile', 'done');
    const states = steps.map(({ name, state }) => `${name.split(' ')[1] ?? ''} ${state}`);
    assert.deepEqual(states, [
      'FROM done',
      'ARG cached',
      'RUN cached',
      'FROM done',
      'RUN cached',
      'FROM done',
      'WORKDIR cached',
      'COPY cached',
      'COPY cached',
      'CMD cached',
    ]);
    assert.deepEqual(output, []);
  });

  it('the step that fails', async () => {
    const { steps, log } = await replay('classic-failing-run.txt', 'failing-run.Dockerfile', 'failed');
    assert.equal(steps.at(-1)?.state, 'failed');
    assert.deepEqual(steps.at(-1)?.lines, { first: 4, last: 6 });
    assert.deepEqual(log.current?.output, ['before', 'the cause']);
  });
});
