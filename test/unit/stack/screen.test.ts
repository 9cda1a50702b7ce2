import assert from 'node:assert/strict';
import { Cancelled } from '../../../src/base';
import { formatAmount } from '../../stack/download';
import { describeReachability } from '../../stack/probe';
import { ConsoleProgress } from '../../stack/progress';
import { formatTable } from '../../stack/table';
import { together } from '../../stack/together';
import { OFFICIAL_HOSTS } from '../../stack/types';

describe('stack: what is shown', () => {
  it('aligns the check table', () => {
    const text = formatTable([
      { name: 'k3d', version: '5.8.3', state: 'ready', source: 'github.com release', detail: '/c/k3d' },
      { name: 'Docker Engine', version: '26.1', state: 'missing', source: 'Debian', detail: 'not in the cache' },
    ]);
    assert.equal(
      text,
      `part           version  state    source              where / what is missing
k3d            5.8.3    ready    github.com release  /c/k3d
Docker Engine  26.1     missing  Debian              not in the cache`,
    );
  });

  it('tells the answer of the probe', () => {
    assert.equal(describeReachability(new Set(OFFICIAL_HOSTS)), 'official sources answer');
    assert.match(describeReachability(new Set()), /^no official source answers/);
    const someSilent = new Set(OFFICIAL_HOSTS.filter((host) => host !== 'ghcr.io'));
    assert.match(describeReachability(someSilent), /^no answer from ghcr\.io:/);
  });

  it('shows a part with its result and its time, and tells failure from cancelling', async () => {
    let shown = '';
    const progress = new ConsoleProgress({ write: (text) => (shown += text) });
    await progress.part('k3d', (report) => {
      report('built from its Go module');
      return Promise.resolve();
    });
    await assert.rejects(progress.part('Helm', () => Promise.reject(new Error('no network'))));
    await assert.rejects(
      progress.part('kubectl', () => Promise.reject(new Cancelled())),
      Cancelled,
    );
    assert.match(
      shown,
      /^✓ k3d [\d.]+ s {2}built from its Go module\n✗ Helm [\d.]+ s {2}no network\n- kubectl [\d.]+ s {2}cancelled\n$/,
    );
  });

  it('redraws running parts below finished ones on a terminal', async () => {
    let shown = '';
    const progress = new ConsoleProgress({ write: (text) => (shown += text), isTTY: true, columns: 20 });
    await progress.part('engine', async (report) => {
      report('a detail far longer than the terminal is wide');
      await progress.part('tool', () => Promise.resolve());
    });
    assert.equal(shown.split('\n')[0], '✓ tool 0.0 s'.replace('0.0', /tool ([\d.]+)/.exec(shown)?.[1] ?? ''));
    const running = shown.split('\n').filter((line) => line.includes('engine') && !line.includes('✓'));
    assert.ok(running.length > 0 && running.every((line) => line.slice(line.lastIndexOf('J') + 1).length < 20));
    assert.ok(shown.includes('\x1b[1A\x1b[J'));
  });

  it('counts megabytes', () => {
    assert.equal(formatAmount(1_250_000, 45_600_000), '1.3 of 45.6 MB');
    assert.equal(formatAmount(999), '0.0 MB');
  });
});

describe('stack: works side by side', () => {
  it('answers in order', async () => {
    const signal = new AbortController().signal;
    assert.deepEqual(await together<[number, string]>(signal, [() => Promise.resolve(1), () => Promise.resolve('a')]), [
      1,
      'a',
    ]);
  });

  it('aborts the others at the first failure, and throws it when they have ended', async () => {
    let ended = false;
    const slow = (signal: AbortSignal) =>
      new Promise<void>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          ended = true;
          reject(new Cancelled());
        });
      });
    const fail = () => Promise.reject(new Error('first'));
    await assert.rejects(together(new AbortController().signal, [slow, fail]), /first/);
    assert.equal(ended, true);
  });
});
