import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import type { Adoption, WorkspaceStatus } from '../../src/run';
import { runCommand } from '../../src/tools';
import { saying } from './support/light-app';
import { TestWorkspace, assertDone, type VappResult } from './support/workspace';

const DOCKERFILE = 'FROM busybox\nCOPY start.sh /start.sh\nCMD ["sh", "/start.sh"]\n';

/** Each test goes on where the one before ended. */
describe('a repository that has only a Dockerfile so far', function () {
  this.timeout('10m');
  let workspace: TestWorkspace;

  before(async () => {
    workspace = await TestWorkspace.create('Altes Schätzchen');
    await workspace.write({ Dockerfile: DOCKERFILE, 'start.sh': saying('adopted and running') });
    await git('init', '--quiet', '--initial-branch', 'main');
    await commit('What there was');
  });

  after(() => workspace.dispose());

  async function git(...args: string[]): Promise<string> {
    return (await runCommand({ program: 'git', args, cwd: workspace.path })).stdout;
  }

  async function commit(message: string): Promise<void> {
    await git('add', '--all');
    await git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '--quiet', '--message', message);
  }

  const adopt = async (...args: string[]) => valueOf(await workspace.vapp(['adopt', ...args])) as Adoption;

  it('is shown what adopting would add, and stays as it is', async () => {
    const { diff, written } = await adopt();
    assert.equal(written, false);
    assert.match(diff, /^\+\+\+ b\/\.github\/workflows\/ci\.yml$/m);
    assert.equal(await git('status', '--porcelain'), '');
  });

  it('gets devcontainer, chart and workflows, and nothing of it is changed', async () => {
    assert.equal((await adopt('--write')).written, true);
    await commit('Adopt');
    assert.equal(await git('diff', '--name-only', '--diff-filter=a', 'HEAD~1'), '');
    for (const file of ['.devcontainer', '.github', 'deploy', 'vapp.yaml', '.vapp-template.json']) {
      assert.ok((await readdir(workspace.path)).includes(file), file);
    }
  });

  it('runs to its log lines, by the chart that it was given', async () => {
    const run = await workspace.vapp(['run', '--no-follow']);
    assertDone(run);
    assert.ok(run.lines.includes('adopted and running'), run.lines.join('\n'));
    const { apps } = valueOf(await workspace.vapp(['status'])) as WorkspaceStatus;
    assert.equal(apps[0]?.release?.revision, 1);
  });

  it('has nothing to do the second time, whatever has been changed since', async () => {
    await workspace.edit('deploy/altes-schaetzchen/helm/values.yaml', /$/, '# ours\n');
    const again = await adopt('--write');
    assert.deepEqual([again.written, again.diff], [false, '']);
    assert.match(await git('diff'), /^\+# ours$/m);
  });
});

function valueOf(result: VappResult): unknown {
  assertDone(result);
  return result.outcome.value;
}
