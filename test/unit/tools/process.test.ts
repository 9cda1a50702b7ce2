import assert from 'node:assert/strict';
import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cancelled, Failure } from '../../../src/base';
import { Redactor, ToolFailure, describeCommand, runCommand } from '../../../src/tools';

// Starting real, small processes is the point here.
const node = (script: string, ...args: string[]) => ({ program: process.execPath, args: ['-e', script, ...args] });

describe('tools: runCommand', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-process-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('answers both streams, lines in order, and the exit code', async () => {
    const lines: string[] = [];
    const result = await runCommand(node('console.log("a\\nb\\r"); console.error("ü"); process.stdout.write("end")'), {
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    assert.equal(result.exitCode, 0);
    assert.equal(result.stdout, 'a\nb\r\nend');
    assert.equal(result.stderr, 'ü\n');
    assert.deepEqual(
      lines.filter((line) => line.startsWith('stdout')),
      ['stdout a', 'stdout b', 'stdout end'],
    );
    assert.ok(lines.includes('stderr ü'));
  });

  it('hands on lines as long as it is told to', async () => {
    const lengths: number[] = [];
    const write = node('process.stdout.write("x".repeat(200000) + "\\n")');
    await runCommand(write, { onLine: ({ length }) => lengths.push(length), maxLine: 200_000 });
    assert.deepEqual(lengths, [200_000]);
    await runCommand(write, { onLine: ({ length }) => lengths.push(length) });
    assert.deepEqual(lengths.slice(1), [65_536, 65_536, 65_536, 3392]);
  });

  it('hands arguments over as they are', async () => {
    const args = ['a b', '$HOME', `"quoted" 'too'`, 'ü*', ''];
    const result = await runCommand(node('process.stdout.write(JSON.stringify(process.argv.slice(1)))', '--', ...args));
    assert.deepEqual(JSON.parse(result.stdout), args);
  });

  it('writes to the standard input, and does not mind when nobody reads it', async () => {
    const echo = await runCommand({ ...node('process.stdin.pipe(process.stdout)'), stdin: 'hello' });
    assert.equal(echo.stdout, 'hello');
    const deaf = await runCommand({ ...node('process.exit(0)'), stdin: 'x'.repeat(4 * 1024 * 1024) });
    assert.equal(deaf.exitCode, 0);
  });

  it('adds to the environment and takes from it', async () => {
    process.env['VAPP_TEST_INHERITED'] = 'inherited';
    try {
      const script = 'console.log(process.env.VAPP_TEST_INHERITED, process.env.VAPP_TEST_ADDED)';
      const result = await runCommand({
        ...node(script),
        env: { VAPP_TEST_INHERITED: undefined, VAPP_TEST_ADDED: 'added' },
      });
      assert.equal(result.stdout, 'undefined added\n');
    } finally {
      delete process.env['VAPP_TEST_INHERITED'];
    }
  });

  it('keeps only the end of a long output', async () => {
    const result = await runCommand(node('for (let i = 0; i < 20000; i++) console.log("line " + i)'), {
      maxCapture: 1000,
    });
    assert.equal(result.truncated, true);
    assert.ok(result.stdout.length <= 1000);
    assert.match(result.stdout, /^line \d+\n/);
    assert.ok(result.stdout.endsWith('line 19999\n'));
  });

  it('reports a refusal with command, exit code and the last lines', async () => {
    const error = await failureOf(runCommand(node('console.error("Error: no such thing"); process.exit(7)')));
    assert.ok(error instanceof ToolFailure);
    assert.equal(error.code, 'tool-failed');
    assert.equal(error.fault, 'environment');
    assert.equal(error.exitCode, 7);
    assert.match(error.summary, /^node failed with exit code 7: Error: no such thing$/);
    assert.equal(error.evidence.at(-1), 'Error: no such thing');
    assert.match(error.evidence[0] ?? '', /^node -e '/);
  });

  it('takes an expected exit code for an answer', async () => {
    const result = await runCommand(node('process.exit(3)'), { acceptExitCodes: [3] });
    assert.equal(result.exitCode, 3);
  });

  it('tells a signal from an exit code', async () => {
    const error = await failureOf(runCommand(node('process.kill(process.pid, "SIGKILL")')));
    assert.ok(error instanceof ToolFailure);
    assert.equal(error.exitCode, undefined);
    assert.match(error.summary, /was ended by SIGKILL/);
  });

  it('says which program is missing, and which folder', async () => {
    const missing = await failureOf(runCommand({ program: 'vapp-no-such-tool', args: [] }));
    assert.equal(missing.code, 'tool-missing');
    assert.equal(missing.summary, 'vapp-no-such-tool was not found.');

    const cwd = join(folder, 'gone');
    const noFolder = await failureOf(runCommand({ ...node(''), cwd }));
    assert.equal(noFolder.code, 'tool-not-startable');
    assert.ok(noFolder.summary.includes(cwd));

    const notExecutable = await failureOf(runCommand({ program: __filename, args: [] }));
    assert.equal(notExecutable.code, 'tool-not-startable');
  });

  it('starts nothing when it is cancelled already', async () => {
    const file = join(folder, 'started');
    const script = 'require("fs").writeFileSync(process.argv[1], "")';
    await assert.rejects(runCommand(node(script, file), { signal: AbortSignal.abort() }), Cancelled);
    await assert.rejects(readFile(file), { code: 'ENOENT' });
  });

  it('ends the whole process tree on cancel, with the chance to clean up', async () => {
    const { pids, outcome } = await startTree(folder, { stubborn: false });
    await outcome;
    assert.equal(await readFile(join(folder, 'cleaned'), 'utf8'), 'yes');
    await gone(pids);
  });

  it('kills what ignores TERM, children included', async () => {
    const { pids, outcome } = await startTree(folder, { stubborn: true });
    await outcome;
    await gone(pids);
  });

  it('does not wait for someone who left the group and still holds the pipe', async () => {
    const controller = new AbortController();
    const script = `
      const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'],
        { detached: true, stdio: 'inherit' });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    let pid = 0;
    const running = runCommand(node(script), {
      signal: controller.signal,
      killAfterMs: 50,
      onLine: (line) => {
        pid = Number(line);
        controller.abort();
      },
    });
    try {
      await assert.rejects(running, Cancelled);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });

  it('gives up after its time', async () => {
    const error = await failureOf(runCommand(node('setInterval(() => {}, 1000)'), { timeoutMs: 100, killAfterMs: 50 }));
    assert.equal(error.code, 'tool-timeout');
  });

  it('hands on what a listener throws, and ends the process', async () => {
    let pid = 0;
    const running = runCommand(node('console.log(process.pid); setInterval(() => console.log("more"), 10)'), {
      onLine: (line) => {
        pid = Number(line);
        throw new Error('listener broke');
      },
    });
    await assert.rejects(running, /listener broke/);
    await gone([pid]);
  });

  it('redacts lines, captured output, and what it shows of the command', async () => {
    const redactor = new Redactor();
    redactor.add('hunter2');
    const lines: string[] = [];
    const error = await failureOf(
      runCommand(node('console.error("bad " + process.argv[1]); process.exit(1)', 'hunter2'), {
        redactor,
        onLine: (line) => lines.push(line),
      }),
    );
    assert.ok(error instanceof ToolFailure);
    assert.deepEqual(lines, ['bad ***']);
    const everything = JSON.stringify([error.message, error.evidence, error.stderr]);
    assert.ok(!everything.includes('hunter2'), everything);
  });
});

describe('tools: describeCommand', () => {
  it('shows a command as a person would type it', () => {
    const args = ['build', '-f', 'app/Dockerfile', 'my folder', "it's"];
    assert.equal(
      describeCommand({ program: '/usr/bin/docker', args }),
      `docker build -f app/Dockerfile 'my folder' 'it'\\''s'`,
    );
  });
});

/** Starts a parent with a child, cancels as soon as both are up, and answers both process ids. */
async function startTree(folder: string, { stubborn }: { stubborn: boolean }) {
  const onTerm = (action: string) => `process.on('SIGTERM', () => { ${stubborn ? '' : action} });`;
  const child = `${onTerm('process.exit()')} setInterval(() => {}, 1000); console.log(process.pid);`;
  const parent = `
    ${onTerm(`require('fs').writeFileSync(process.argv[1], 'yes'); process.exit()`)}
    console.log(process.pid);
    require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' });
    setInterval(() => {}, 1000);`;
  const controller = new AbortController();
  const pids: number[] = [];
  let bothUp = () => {};
  const up = new Promise<void>((resolve) => (bothUp = resolve));
  const running = runCommand(node(parent, join(folder, 'cleaned')), {
    signal: controller.signal,
    killAfterMs: stubborn ? 100 : 5000,
    onLine: (line) => {
      pids.push(Number(line));
      if (pids.length === 2) bothUp();
    },
  });
  const outcome = assert.rejects(running, Cancelled);
  await up;
  controller.abort();
  return { pids, outcome };
}

async function gone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}
