import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { userEnvironment } from '../../stack/context';
import { ownEngineHost } from '../../stack/engine/own';
import { exportLines, stackEnvironment, withStack } from '../../stack/environment';
import { layoutFor } from '../../stack/layout';
import { writeState } from '../../stack/state';

describe('stack: environment', () => {
  const layout = layoutFor({ XDG_CACHE_HOME: '/c' });

  it('puts the tools first in PATH, once', () => {
    const env = withStack({ PATH: '/usr/bin:/bin', A: '1' }, layout, { env: { DOCKER_HOST: 'unix:///s' } });
    assert.deepEqual(env, { A: '1', DOCKER_HOST: 'unix:///s', PATH: '/c/vscode-velocitas/bin:/usr/bin:/bin' });
    assert.deepEqual(withStack(env, layout, { env: {} }), env);
  });

  it('quotes what it exports to a shell', () => {
    assert.equal(
      exportLines(layout, { env: { A: `it's $HOME` } }),
      `export A='it'\\''s $HOME'\nexport PATH='/c/vscode-velocitas/bin':"$PATH"\n`,
    );
  });

  it('does not take our own engine for one of the user', () => {
    const ours = { DOCKER_HOST: ownEngineHost(layout), DOCKER_CONFIG: layout.dockerConfig, A: '1' };
    assert.deepEqual(userEnvironment(layout, ours), { A: '1' });
    const theirs = { DOCKER_HOST: 'unix:///theirs', DOCKER_CONFIG: '/theirs' };
    assert.deepEqual(userEnvironment(layout, theirs), theirs);
  });

  it('says what to do before setup, after half a setup, and when the engine has gone', async () => {
    const home = await mkdtemp(join(tmpdir(), 'vapp-environment-'));
    const env = { XDG_CACHE_HOME: home };
    const codeOf = () =>
      stackEnvironment(env).then(
        () => 'no failure',
        (error: unknown) => (error instanceof Failure ? error.code : String(error)),
      );
    const engine = { kind: 'own', host: 'unix:///s', source: 'test', version: '26' } as const;
    try {
      assert.equal(await codeOf(), 'stack-missing');
      await writeState(layoutFor(env), { complete: false, engine, env: {} });
      assert.equal(await codeOf(), 'stack-missing');
      await writeState(layoutFor(env), { complete: true, engine, env: {} });
      assert.equal(await codeOf(), 'stack-missing');
      await mkdir(layoutFor(env).bin);
      await writeFile(join(layoutFor(env).bin, 'docker'), '');
      assert.equal(await codeOf(), 'stack-stopped');
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
