import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Failure } from '../../../src/base';
import { liveRenderer } from '../../../src/cli/live';
import { main } from '../../../src/cli/program';
import { Style } from '../../../src/cli/style';
import { plainRenderer } from '../../../src/cli/text';
import { TASK_NAMES, offeredTasks, readTask, taskArguments } from '../../../src/editor/task-arguments';
import { FakeOutput } from '../cli/fake-output';

interface Pattern {
  readonly regexp: string;
  readonly message?: number;
  readonly file?: number;
  readonly line?: number;
  readonly column?: number;
}

interface Manifest {
  readonly contributes: {
    readonly taskDefinitions: readonly {
      readonly type: string;
      readonly properties: { readonly task: { readonly enum: string[]; readonly enumDescriptions: string[] } };
    }[];
    readonly problemMatchers: readonly { readonly name: string; readonly pattern: readonly Pattern[] }[];
  };
}

const { contributes } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as Manifest;

describe('tasks', () => {
  it('are those that package.json describes', () => {
    const [definition] = contributes.taskDefinitions;
    assert.equal(definition?.type, 'velocitas');
    assert.deepEqual(definition.properties.task.enum, TASK_NAMES);
    assert.equal(definition.properties.task.enumDescriptions.length, TASK_NAMES.length);
  });

  it('keep the labels of the former runtime', () => {
    const former = ['Up', 'Down', 'Build VehicleApp', 'Deploy VehicleApp', 'Deploy VehicleApp (without rebuild)'];
    assert.deepEqual(
      TASK_NAMES.filter((name) => name.startsWith('K3D')),
      former.map((label) => `K3D Runtime - ${label}`),
    );
    assert.deepEqual(taskArguments({ task: 'K3D Runtime - Down' }), ['stop']);
    assert.deepEqual(taskArguments({ task: 'K3D Runtime - Deploy VehicleApp' }), ['run', '--no-follow']);
  });

  it('are for all apps, and for each one where there are several', () => {
    assert.deepEqual(
      offeredTasks(['a']).map(({ task, app }) => [task, app]),
      TASK_NAMES.map((task) => [task, undefined]),
    );
    const ofB = offeredTasks(['a', 'b']).filter(({ app }) => app === 'b');
    assert.deepEqual(
      ofB.map(({ task }) => task),
      ['run', 'build', 'deploy', 'logs'],
    );
  });

  it('are read from tasks.json, where anything may stand', () => {
    assert.deepEqual(readTask({ type: 'velocitas', task: 'build', app: 'a' }), { task: 'build', app: 'a' });
    assert.deepEqual(readTask({ type: 'velocitas', task: 'up' }), { task: 'up' });
    for (const wrong of [{}, { task: 'toString' }, { task: 1 }, { task: 'run', app: 5 }]) {
      assert.equal(readTask(wrong), undefined);
    }
  });

  describe('call vapp', () => {
    let folder: string;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'vapp-tasks-'));
    });

    after(async () => {
      await rm(folder, { recursive: true });
    });

    for (const task of TASK_NAMES) {
      for (const app of [undefined, 'sampleapp', '--image=other']) {
        it(`with arguments that it understands: ${task} ${app ?? ''}`, async () => {
          const [out, err] = [new FakeOutput(), new FakeOutput()];
          const args = taskArguments({ task, ...(app === undefined ? {} : { app }) });
          await main(args, {
            out,
            err,
            env: { PATH: '' },
            cwd: folder,
            version: '1.2.3',
            chartsDirectory: folder,
            own: { program: process.execPath, args: [] },
            signal: new AbortController().signal,
          });
          // Of the arguments nothing is wrong any more once the folder is.
          assert.match(err.text, /is not inside a Vehicle App repository/);
        });
      }
    }
  });

  describe('report failures as problems', () => {
    const failure = new Failure({
      code: 'build-failed',
      fault: 'app',
      summary: 'The step "RUN pip install" failed.',
      evidence: ['ERROR: No matching distribution', '  at somewhere.py:1:1'],
      nextSteps: ['Correct the requirement.'],
      range: {
        file: '/home/me/my app/Dockerfile',
        start: { line: 4, column: 1 },
        end: { line: 4, column: 20 },
      },
    });
    const expected = [
      { message: 'The step "RUN pip install" failed.', file: '/home/me/my app/Dockerfile', line: '4', column: '1' },
    ];
    const ending = { status: 'failed', failure } as const;
    const buildFails = { type: 'step', step: 'build', app: 'sampleapp', state: 'failed', durationMs: 10 } as const;

    it('from plain output', () => {
      const err = new FakeOutput();
      const renderer = plainRenderer(new FakeOutput(), err, new Style(false));
      renderer.event(buildFails);
      renderer.outcome(ending);
      assert.deepEqual(problemsIn(err.text.split('\n')), expected);
    });

    it('from the live output of a terminal, with its colours', () => {
      const err = new FakeOutput({ isTTY: true, columns: 120 });
      const renderer = liveRenderer(new FakeOutput({ isTTY: true }), err, new Style(true));
      renderer.event(buildFails);
      renderer.outcome(ending);
      renderer.dispose();
      assert.deepEqual(problemsIn(err.screen().map(stripVTControlCharacters)), expected);
    });
  });
});

/** What the editor makes of lines: a match of the first pattern with one of the second in the next line. */
function problemsIn(lines: readonly string[]): Record<string, string | undefined>[] {
  const [matcher] = contributes.problemMatchers;
  assert.equal(matcher?.name, 'velocitas');
  const [first, second] = matcher.pattern;
  return lines.flatMap((line, index) => {
    const summary = new RegExp(first!.regexp).exec(line);
    const place = new RegExp(second!.regexp).exec(lines[index + 1] ?? '');
    if (!summary || !place) return [];
    return [
      {
        message: summary[first!.message!],
        file: place[second!.file!],
        line: place[second!.line!],
        column: place[second!.column!],
      },
    ];
  });
}
