import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceStatus } from '../../../src/run';
import { ToolFailure, runCommand, type CommandResult } from '../../../src/tools';
import { layoutFor } from '../../stack/layout';
import { TEMPLATES } from '../../support/sample';
import type { TestWorkspace } from './workspace';

/** Every package that the sample app needs. */
const REQUIREMENTS = join(TEMPLATES.directory, 'src', 'python', 'app', 'requirements.txt');

/** Pythons that the pinned packages have wheels for, the machine's own first. */
const PYTHONS = ['python3', 'python3.12', 'python3.11', 'python3.10'];
const FITS = 'import sys; print(sys.version); sys.exit(not (3, 10) <= sys.version_info < (3, 13))';

/** Runs one suite of the sample app's Python tests and answers what it wrote. A failing suite throws. */
export async function runSampleTests(
  suite: 'unit' | 'integration',
  repository: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stderr } = await runCommand({
    program: await samplePython(),
    args: ['-m', 'unittest', 'discover', '-v', '-t', 'app', '-s', `app/tests/${suite}`],
    cwd: repository,
    env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  return stderr;
}

/** Runs the sample app's integration tests against the services of the workspace's runtime, as a developer does. */
export async function runIntegrationTest(workspace: TestWorkspace, status: WorkspaceStatus): Promise<string> {
  return runSampleTests('integration', workspace.path, {
    VDB_PORT: localPort(status, 'vehicledatabroker'),
    MQTT_PORT: localPort(status, 'mqtt-broker'),
  });
}

function localPort(status: WorkspaceStatus, id: string): string {
  const port = status.runtime.services
    .find((service) => service.id === id)
    ?.local?.split(':')
    .at(-1);
  if (port === undefined) throw new Error(`${id} has no port on localhost: ${JSON.stringify(status.runtime.services)}`);
  return port;
}

/**
 * Python in a virtual environment with the sample app's requirements. It is made on first use, in the cache: its name
 * tells the requirements and the Python.
 */
export async function samplePython(): Promise<string> {
  const { program, version } = await findPython();
  const key = createHash('sha256')
    .update(version)
    .update(await readFile(REQUIREMENTS))
    .digest('hex')
    .slice(0, 12);
  const { cache } = layoutFor();
  const folder = join(cache, `venv-${key}`);
  if (!(await exists(folder))) {
    await mkdir(cache, { recursive: true });
    const unfinished = await mkdtemp(`${folder}.`);
    try {
      await runCommand({ program, args: ['-m', 'venv', unfinished] });
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
      await runCommand({ program: pythonOf(unfinished), args: [...pip, '--requirement', REQUIREMENTS] });
      await rename(unfinished, folder);
    } catch (error) {
      // Another run made the same at the same time: equal name, equal content.
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return pythonOf(folder);
}

async function findPython(): Promise<{ program: string; version: string }> {
  const tried: string[] = [];
  for (const program of PYTHONS) {
    try {
      const { exitCode, stdout }: CommandResult = await runCommand(
        { program, args: ['-c', FITS] },
        { acceptExitCodes: [1] },
      );
      if (exitCode === 0) return { program, version: stdout.trim() };
      tried.push(`${program} is ${stdout.trim()}`);
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      tried.push(error.summary);
    }
  }
  throw new Error(`The sample app's tests need Python 3.10, 3.11 or 3.12: ${tried.join('; ')}`);
}

const pythonOf = (environment: string) => join(environment, 'bin', 'python');

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
