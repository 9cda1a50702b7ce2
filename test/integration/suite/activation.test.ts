import assert from 'node:assert/strict';
import { commands, extensions } from 'vscode';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

describe('activation', () => {
  const extension = extensions.getExtension('vscode-velocitas.vscode-velocitas');

  it('finds the extension and activates it', async () => {
    assert.ok(extension);
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('registers every command that is declared, and declares every one that is registered', async () => {
    const { contributes } = extension?.packageJSON as Manifest;
    const declared = contributes.commands.map(({ command }) => command).sort();
    const registered = (await commands.getCommands(true)).filter((id) => /^velocitas\.\w+$/.test(id)).sort();
    assert.deepEqual(registered, declared);
  });
});
