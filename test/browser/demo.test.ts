import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { LineSplitter } from '../../src/tools';
import { TestWorkspace } from '../e2e/support/workspace';
import { openBrowser } from '../workbench/browser';
import { Person } from '../workbench/person';
import { workbenchPrograms } from '../workbench/programs';
import { PICTURES } from './desk';

const BOOTSTRAP = join(__dirname, '..', 'bootstrap.mjs');

describe('npm run demo', function () {
  this.timeout(600_000);
  let workspace: TestWorkspace;
  let child: ChildProcess | undefined;
  let browser: Browser;
  let output = '';

  before(async () => {
    workspace = await TestWorkspace.create('Demo App');
    browser = await openBrowser(await workbenchPrograms());
    // The demo makes it itself.
    await rm(workspace.path, { recursive: true });
  });

  after(async () => {
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGINT');
      await once(child, 'close');
    }
    await browser.close();
    await workspace.dispose();
  });

  /** Resolves to the address that the demo prints. */
  function start(): Promise<string> {
    // The cache of the stack is where it was.
    const { HOME, XDG_CACHE_HOME } = process.env;
    const demo = spawn(process.execPath, [BOOTSTRAP, 'demo', '--folder', workspace.path], {
      env: workspace.environment({ HOME, XDG_CACHE_HOME }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = demo;
    return new Promise((resolve, reject) => {
      const lines = new LineSplitter((line) => {
        output += `${line}\n`;
        const address = /^ +(http:\S+)$/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
      demo.stdout.on('data', (chunk: Buffer) => lines.write(chunk));
      demo.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      demo.once('close', () => reject(new Error(`the demo ended early:\n${output}`)));
    });
  }

  it('leaves a newcomer in a workbench: the app runs, the view is open, and the log is there', async () => {
    const url = await start();
    const person = await Person.sitDown({ browser, url, folder: workspace.path, pictures: PICTURES });
    const terminal = person.page.locator('.part.panel .xterm-rows');
    await terminal.filter({ hasText: 'ready: publishing Vehicle.Speed' }).waitFor();
    await person.row(/^SampleApp, revision 1 · 1\/1 ready/);
    await person.takePicture('demo');
    assert.equal(await person.page.locator('.notifications-toasts .notification-list-item').count(), 0);
    await person.leave();
  });

  it('closes the workbench on Ctrl-C, and leaves the app running', async () => {
    assert.ok(child);
    child.kill('SIGINT');
    const [exitCode] = (await once(child, 'close')) as [number | null];
    assert.equal(exitCode, 0, output);
    assert.match(output, /the app goes on running/);
    const { outcome } = await workspace.vapp(['status']);
    assert.match(JSON.stringify(outcome.value), /"revision":1/);
  });
});
