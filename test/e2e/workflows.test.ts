import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/tools';
import { ensureActionlint } from '../stack/parts/workflow-tools';
import { lazyContext } from './support/lazy-context';
import { ensureShellCheck } from './support/shellcheck';

const root = join(__dirname, '..', '..');
const common = join(root, 'templates', 'common', '.github');
const filesIn = (folder: string) => readdirSync(folder).map((name) => join(folder, name));

describe('the GitHub workflows', function () {
  // The first time, actionlint is built.
  this.timeout('10m');

  it('pass actionlint, ours and those of the templates, with ShellCheck on their scripts', async () => {
    const context = await lazyContext();
    const shellcheck = await ensureShellCheck(context);
    const actionlint = await ensureActionlint(context);
    const workflows = [...filesIn(join(root, '.github', 'workflows')), ...filesIn(join(common, 'workflows'))];
    const { env } = shellcheck;
    const args = ['-no-color', '-shellcheck', shellcheck.program, ...workflows];
    await runCommand({ program: actionlint, args, cwd: root, env });
    await runCommand({ program: shellcheck.program, args: filesIn(join(common, 'scripts')), env });
  });
});
