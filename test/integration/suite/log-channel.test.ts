import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands, window } from 'vscode';
import type { LogEntry } from '../../../src/editor/logs/entries';
import { LogChannel } from '../../../src/editor/logs/log-channel';
import { removeOldPages } from '../../../src/editor/logs/page-files';
import { pagedChannels } from '../../../src/editor/logs/paged-channel';
import { EntryRing } from '../../../src/editor/logs/ring';
import { until } from '../support/until';

const NAME = 'Endless';
/** More than the editor keeps of one channel, in batches of a megabyte. */
const BATCHES = 48;
const LINES = 10_000;

describe('the channel of an app that writes more than the editor keeps', function () {
  this.timeout(120_000);

  let channel: LogChannel;
  let ring: EntryRing;
  let logDirectory: string;

  beforeEach(async () => {
    logDirectory = await mkdtemp(join(tmpdir(), 'vapp-channel-'));
    ring = new EntryRing();
    const open = pagedChannels(join(logDirectory, 'ours'));
    channel = new LogChannel({ name: NAME, open, remembered: () => ring.all });
  });

  afterEach(async () => {
    channel.dispose();
    await rm(logDirectory, { recursive: true, force: true });
  });

  function add(texts: readonly string[]): void {
    const entries = texts.map((text): LogEntry => ({ type: 'line', line: lineOf(text) }));
    ring.push(entries);
    channel.add(entries);
  }

  const shown = () => window.visibleTextEditors.map(({ document }) => document).find(isOurs);
  const untilShown = (text: string) =>
    until(`${text} in the channel`, () => shown()?.getText().endsWith(`${text}\n`) || undefined);

  it('shows the newest lines all the time', async () => {
    channel.show();
    add(['the first']);
    await untilShown('the first');
    for (let batch = 0; batch < BATCHES; batch++) {
      add(Array.from({ length: LINES }, (_, line) => `${batch} ${line}`.padEnd(100)));
      if (batch % 8 !== 7) continue;
      add([`after ${batch}`]);
      await untilShown(`after ${batch}`);
    }
    add(['the last']);
    await untilShown('the last');
    const text = shown()?.getText() ?? '';
    assert.match(text, /^── … earlier lines/);
    assert.ok(text.length < 24 * 1024 * 1024);
  });

  it('stays in the background when something else is on screen', async () => {
    channel.show();
    add(['the first']);
    await untilShown('the first');
    await commands.executeCommand('workbench.action.closePanel');
    await until('no channel', () => (shown() ? undefined : true));
    for (let batch = 0; batch < 12; batch++) {
      add(Array.from({ length: LINES }, (_, line) => `${batch} ${line}`.padEnd(100)));
    }
    add(['the last']);
    assert.equal(shown(), undefined);
    channel.show();
    await untilShown('the last');
  });

  it('leaves of its files the newest, and those of others', async () => {
    const folder = join(logDirectory, 'output_logging_20261129T000000');
    await mkdir(folder);
    const files = ['3-Endless.log', '10-Endless.log', '9-Endless.log', '4-Endless (pod).log', '5-Quite Endless.log'];
    for (const file of files) await writeFile(join(folder, file), 'text');
    await removeOldPages(join(logDirectory, 'ours'), 'End:less');
    assert.deepEqual((await readdir(folder)).sort(), ['10-Endless.log', '4-Endless (pod).log', '5-Quite Endless.log']);
  });
});

function isOurs({ uri }: { readonly uri: { readonly scheme: string; readonly path: string } }): boolean {
  return uri.scheme === 'output' && uri.path.endsWith(`-${NAME}`);
}

function lineOf(text: string) {
  return { pod: 'pod', podUid: 'uid', container: 'app', restart: 0, timestamp: '2026-11-29T00:00:00.000000000Z', text };
}
