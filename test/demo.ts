import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isCancelled } from '../src/base';
import { runCommand } from '../src/tools';
import { setup } from './stack/main';
import { runAttached } from './support/attached';

const root = join(__dirname, '..');
/** A copy, so that a newcomer's edits do not change the template; kept from one demo to the next. */
const demoFolder = join(root, 'out', 'demo', 'vehicle-app');

/** `npm run demo -- --headless`: the main job on the sample app, which is left running. Answers the exit code. */
export async function demo(args: readonly string[], signal: AbortSignal): Promise<number> {
  if (!args.includes('--headless')) {
    process.stderr.write('The workbench comes with the extension. Until then: npm run demo -- --headless\n');
    return 2;
  }
  try {
    const env = await setup([], signal);
    if (!existsSync(demoFolder)) await cp(join(root, 'templates', 'src', 'python'), demoFolder, { recursive: true });
    await runCommand(
      { program: process.execPath, args: ['esbuild.mjs'], cwd: root },
      { signal, onLine: (line) => process.stderr.write(`${line}\n`) },
    );
    const exitCode = await runAttached(process.execPath, [join(root, 'dist', 'cli.js'), 'run', '--no-follow'], {
      cwd: demoFolder,
      env,
      signal,
    });
    if (exitCode === 0) process.stdout.write(nextSteps());
    return exitCode;
  } catch (error) {
    if (isCancelled(error, signal)) return 130;
    throw error;
  }
}

function nextSteps(): string {
  const folder = relative(root, demoFolder);
  return `
The app is running. What to do next, in ${folder}:
  change a line of app/src/main.py, then   npm run vapp -- -C ${folder} run
  follow its log                           npm run vapp -- -C ${folder} logs
  see what is there                        npm run vapp -- -C ${folder} status
  remove everything                        npm run vapp -- -C ${folder} delete
`;
}
