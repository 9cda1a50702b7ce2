// `npm run setup|teardown|demo|vapp|bench|test`: plain Node, so that a fresh clone needs no step before it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19, 0];
const EXIT_ENVIRONMENT = 3;
/** A terminal signals its whole foreground group, and npm passes the same press on once more. */
const ONE_PRESS_MS = 500;

assertNode();
await installDependencies();
const [command = '', ...args] = process.argv.slice(2);
process.exitCode = command === 'vapp' ? await vapp(args) : await start([command, ...args]);

function assertNode() {
  const version = process.versions.node.split('.').map(Number);
  const difference = OLDEST_NODE.map((part, index) => version[index] - part).find((part) => part !== 0) ?? 0;
  if (difference >= 0) return;
  console.error(`Node ${OLDEST_NODE.join('.')} or later is needed; this is Node ${process.versions.node}.`);
  console.error('Install a current Node: https://nodejs.org/.');
  process.exit(EXIT_ENVIRONMENT);
}

/** `npm ci`, unless node_modules comes from this very lock. */
async function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.lock-sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  // Whoever installed by hand has what this lock says as well: npm notes it in a lock of its own.
  if (!existsSync(stamp) && isInstalledByHand()) {
    writeFileSync(stamp, lock);
    return;
  }
  const started = Date.now();
  console.error('Installing dependencies (npm ci) …');
  const status = await run('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', process.stderr, process.stderr],
  });
  if (status !== 0) {
    if (status > 128) process.exit(status);
    console.error('The dependencies could not be installed.');
    process.exit(EXIT_ENVIRONMENT);
  }
  writeFileSync(stamp, lock);
  console.error(`✓ dependencies ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Whether npm's own note of what is in node_modules agrees with the lock. */
function isInstalledByHand() {
  const note = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(note)) return false;
  const installed = JSON.parse(readFileSync(note, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

/** Our own commands, in TypeScript. */
function start(commandLine, options = {}) {
  return run(process.execPath, [...loader(), join(root, 'test', 'stack', 'start.ts'), ...commandLine], {
    cwd: root,
    ...options,
  });
}

/** The built `vapp` in the environment of the stack, where the user is. */
async function vapp(commandLine) {
  let answer = '';
  const status = await start(['vapp-environment'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    onOutput: (text) => (answer += text),
  });
  if (status !== 0) return status;
  return run(process.execPath, [join(root, 'dist', 'cli.js'), ...commandLine], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: JSON.parse(answer),
  });
}

function loader() {
  return ['--import', import.meta.resolve('tsx')];
}

/** Runs a program to its end and answers its exit code. Signals reach it once, however they reach us. */
function run(program, programArguments, { cwd, env = process.env, stdio = 'inherit', onOutput }) {
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  const child = spawn(program, programArguments, { cwd, env, stdio, detached: !onTerminal });
  if (onOutput) child.stdout.on('data', onOutput);

  let lastSignal = 0;
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const handler = () => {
      // On a terminal, the terminal itself signals the child, which is in the same group.
      if (onTerminal && signal !== 'SIGTERM') return;
      if (Date.now() - lastSignal > ONE_PRESS_MS) child.kill(signal);
      lastSignal = Date.now();
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message);
      resolve(EXIT_ENVIRONMENT);
    });
    child.once('close', (code, signal) => {
      for (const [name, handler] of handlers) process.off(name, handler);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
