import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { window as editor, commands, env, type Terminal } from 'vscode';
import { choosePod } from '../../../src/editor/port-forward';
import { all } from '../../unit/editor/tree-fakes';
import { until, untilEqual } from '../support/until';
import { TestWindow, acceptProposals } from '../support/window';

const LIMIT_MS = 3 * 60_000;

describe('what reaches into an app that runs', function () {
  this.timeout(LIMIT_MS);
  let window: TestWindow;

  before(async () => {
    window = await TestWindow.open();
    await window.showTree();
    await window.perform('run');
    // The pod that this rollout has ended may be in view still, and the new one not yet.
    await onePod();
  });

  const onePod = () =>
    until('one pod that runs', () => {
      const [pod, ...others] = window.app.pods;
      return pod?.ready && !pod.deleting && others.length === 0 ? pod : undefined;
    });
  const forwards = () => all(window.api.tree.nodes).filter(({ context }) => context === 'forward');
  const isServed = (address: string) =>
    fetch(`http://${address}/healthz`).then(
      async (response) => (await response.text()) === 'ready\n',
      () => false,
    );

  it('is a forwarded port, which the tree shows and which outlives the pod', async () => {
    await acceptProposals(commands.executeCommand('velocitas.forwardPort', await window.row(/^app\b/)));
    const [forward] = await until('a forward', () => (forwards().length > 0 ? forwards() : undefined));
    const address = forward?.label ?? '';
    await untilEqual(() => isServed(address), true);

    await window.sayAtStart('another pod');
    await window.perform('run');
    await window.restore();
    await untilEqual(() => isServed(address), true);
    assert.deepEqual(
      forwards().map(({ label }) => label),
      [address],
    );

    await commands.executeCommand('velocitas.stopForwarding', await window.row(/^forward$/));
    await untilEqual(() => forwards().length, 0);
    assert.equal(await isServed(address), false);
  });

  it('is a forwarded port also when its pod goes while the port is chosen', async () => {
    const before = await onePod();
    const forwarding = commands.executeCommand('velocitas.forwardPort', await window.row(/^app\b/));
    await window.kubectl('delete', 'pod', before.name, '--namespace', window.app.namespace, '--now');
    await until('another pod', () => window.app.pods.find(({ name, ready }) => ready && name !== before.name));
    await acceptProposals(forwarding);
    const [forward] = await until('a forward', () => (forwards().length > 0 ? forwards() : undefined));
    await untilEqual(() => isServed(forward?.label ?? ''), true);
    await commands.executeCommand('velocitas.stopForwarding', await window.row(/^forward$/));
    await untilEqual(() => forwards().length, 0);
  });

  it('is a forwarded port also when its pod is still on its way', async () => {
    const { name } = await onePod();
    await window.kubectl('delete', 'pod', name, '--namespace', window.app.namespace, '--now', '--wait=false');
    await until('no pod that runs', () => choosePod(window.app.pods) === undefined || undefined);
    await acceptProposals(commands.executeCommand('velocitas.forwardPort', await window.row(/^app\b/)));
    const [forward] = await until('a forward', () => (forwards().length > 0 ? forwards() : undefined));
    await untilEqual(() => isServed(forward?.label ?? ''), true);
    await commands.executeCommand('velocitas.stopForwarding', await window.row(/^forward$/));
    await untilEqual(() => forwards().length, 0);
  });

  it('is a terminal in the container', async () => {
    await onePod();
    await commands.executeCommand('velocitas.openContainerTerminal', await window.row(/^container\.running/));
    const terminal = await until('a terminal', () => editor.terminals.find(({ name }) => name.startsWith('app · ')));
    try {
      const cmdline = `/proc/${(await terminal.processId) ?? 0}/cmdline`;
      // A process is for a moment what its parent is.
      await until(
        'kubectl in the terminal',
        async () => /kubectl\0.*exec/.test(await readFile(cmdline, 'utf8')) || undefined,
      );
      const ended = endOf(terminal);
      // Where the image says that the app lies, and nowhere on this machine.
      terminal.sendText('[ "$PWD" = /app ] && [ -n "$KUBERNETES_SERVICE_HOST" ] && exit 7');
      assert.equal(await ended, 7);
    } finally {
      terminal.dispose();
    }
  });

  it('is what can be copied', async () => {
    await commands.executeCommand('velocitas.copyImageReference', await window.row(/^image$/));
    assert.match(await env.clipboard.readText(), /sampleapp@sha256:[0-9a-f]{64}$/);
    await commands.executeCommand('velocitas.copyAddress', await window.row(/^service\.address$/));
    assert.match(await env.clipboard.readText(), /^localhost:\d+$/);
  });

  it('is its log in a terminal', async () => {
    await commands.executeCommand('velocitas.openLogTerminal', await window.row(/^app\b/));
    const terminal = await until('a terminal', () => editor.terminals.find(({ name }) => name.includes('SampleApp')));
    terminal.dispose();
  });
});

/** Exit code of what runs in a terminal. */
function endOf(terminal: Terminal): Promise<number | undefined> {
  return new Promise((resolve) => {
    const listening = editor.onDidCloseTerminal((closed) => {
      if (closed !== terminal) return;
      listening.dispose();
      resolve(closed.exitStatus?.code);
    });
  });
}
