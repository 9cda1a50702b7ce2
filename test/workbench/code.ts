/**
 * Takes the arguments of the desktop's `code` that @vscode/test-electron gives, and runs the tests in the extension host
 * of the workbench in a browser. Its exit code is that of the tests; 70: the extension host or the page died, 124: no end
 * in time, 130: cancelled.
 */
import { dirname, join, resolve } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { isCancelled, sleep } from '../../src/base';
import type { WorkbenchPrograms } from '../stack/parts/workbench';
import { openBrowser } from './browser';
import { WorkbenchServer, type Payload } from './server';

/** Of what the workbench reports as errors, the last so many are shown. */
const ERRORS_SHOWN = 10;
const LIMIT_MS = Number(process.env['VAPP_TEST_LIMIT_MINUTES'] ?? 20) * 60_000;
/** How long the server may take to write down that an extension host has ended. */
const LOG_LIMIT_MS = 5000;
const LOG_LOOK_MS = 50;
/** VS Code's own word for tests that failed. */
const EXIT_FAILED = 1;
const EXIT_DIED = 70;
const EXIT_TIMEOUT = 124;
const EXIT_CANCELLED = 130;

interface Arguments {
  readonly folder?: string;
  readonly extensions: readonly string[];
  readonly tests?: string;
  readonly trust: boolean;
  /** The folder in which `user` is the editor's data. */
  readonly dataFolder?: string;
}

function parse(args: readonly string[]): Arguments {
  const valuesOf = (name: string) =>
    args.filter((arg) => arg.startsWith(`--${name}=`)).map((arg) => arg.slice(name.length + 3));
  const folder = args.find((arg) => !arg.startsWith('--'));
  const [tests] = valuesOf('extensionTestsPath');
  const [userData] = valuesOf('user-data-dir');
  return {
    ...(folder === undefined ? {} : { folder: resolve(folder) }),
    extensions: valuesOf('extensionDevelopmentPath'),
    ...(tests === undefined ? {} : { tests }),
    ...(userData === undefined ? {} : { dataFolder: dirname(userData) }),
    // @vscode/test-electron always disables it; our own argument says otherwise.
    trust: args.includes('--ask-for-trust') || !args.includes('--disable-workspace-trust'),
  };
}

async function main(signal: AbortSignal): Promise<number> {
  const { folder, extensions, tests, ...options } = parse(process.argv.slice(2));
  const programs = JSON.parse(process.env['VAPP_TEST_WORKBENCH'] ?? '') as WorkbenchPrograms;
  const server = await WorkbenchServer.start({ programs, env: process.env, ...options, forTests: true, signal });
  try {
    const browser = await openBrowser(programs);
    try {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const payload: Payload = [
        ...extensions.map((path) => ['extensionDevelopmentPath', server.remote(path)] as const),
        ...(tests === undefined ? [] : [['extensionTestsPath', server.remote(tests)] as const]),
      ];
      const code = await exitCodeOf(context, server, server.url(folder, payload), signal);
      return code === 0 && (await hostDied(server)) ? EXIT_DIED : code;
    } finally {
      await browser.close();
    }
  } finally {
    await server.stop();
  }
}

/** Opens the workbench and waits until it says that the tests have ended; VS Code calls these functions itself. */
async function exitCodeOf(
  context: BrowserContext,
  server: WorkbenchServer,
  url: string,
  signal: AbortSignal,
): Promise<number> {
  const page = await context.newPage();
  const errors: string[] = [];
  return new Promise<number>((settle, reject) => {
    const late = setTimeout(() => settle(EXIT_TIMEOUT), LIMIT_MS);
    const end = (code: number) => {
      clearTimeout(late);
      // Tests that were not even loaded have no other way to say why.
      if (code === EXIT_FAILED) process.stderr.write(`${errors.slice(-ERRORS_SHOWN).join('\n')}\n`);
      settle(code);
    };
    signal.addEventListener('abort', () => end(EXIT_CANCELLED));
    if (signal.aborted) end(EXIT_CANCELLED);
    page.on('crash', () => end(EXIT_DIED));
    void server.ended.then(() => end(EXIT_DIED));
    const open = async () => {
      await page.exposeFunction('codeAutomationExit', end);
      await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
        if (type === 'error') errors.push(args.map(firstLine).join(' '));
      });
      await page.goto(url);
    };
    open().catch(reject);
  });
}

/** The workbench reports success when the extension host is killed half-way; the server's log knows better. */
async function hostDied(server: WorkbenchServer): Promise<boolean> {
  const end = Date.now() + LOG_LIMIT_MS;
  for (;;) {
    const log = await server.log();
    const ends = [...log.matchAll(/Extension Host Process exited with code: (\S+), signal: (\w+)/g)];
    if (ends.length > 0) return ends.some(([, code, signal]) => code !== '0' || signal !== 'null');
    if (Date.now() > end) return true;
    await sleep(LOG_LOOK_MS);
  }
}

/** Of a text that may go on with a stack. */
function firstLine(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.split('\n', 1)[0] ?? '';
}

process.title = join('code', '(stand-in)');
const cancel = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => cancel.abort());
// Whoever started it holds the other end: it does not outlive them.
process.stdin.on('end', () => cancel.abort()).resume();
main(cancel.signal).then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (isCancelled(error, cancel.signal)) process.exit(EXIT_CANCELLED);
    console.error(error);
    process.exit(1);
  },
);
