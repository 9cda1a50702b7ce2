import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/tools';
import { ensureWorkbench } from '../stack/parts/workbench';
import { silentProgress } from '../stack/progress';
import type { StackContext } from '../stack/types';
import type { TestBed } from './bed';
import type { SuiteRequest } from './suite-main';

const root = join(__dirname, '..', '..');

/** A measurement inside an extension host. */
export interface HostMeasurement {
  /** Folder of `test/bench/suites`. */
  readonly suite: 'activation' | 'idle' | 'logs' | 'rounds' | 'tree-update';
  /** Folder of the extension that is measured. */
  readonly extension: string;
  /** The folder that is open. */
  readonly workspace: string;
  /** What the suite reads by `givenTask`. */
  readonly task: unknown;
  /** How long it may take, milliseconds. Default 300 000. */
  readonly timeoutMs?: number;
}

/** Our own extension, as it is bundled here. */
export const ourExtension = root;

/**
 * Measures in a fresh extension host and answers what the suite handed over by `answer`.
 *
 * @throws Failure with the suite's output when it did not pass.
 */
export async function inExtensionHost<T>(
  bed: TestBed,
  context: StackContext,
  { suite, extension, workspace, task, timeoutMs = 300_000 }: HostMeasurement,
): Promise<T> {
  const programs = await ensureWorkbench({ ...context, progress: silentProgress });
  const folder = await mkdtemp(join(bed.folder, 'host-'));
  try {
    const answer = join(folder, 'answer.json');
    const request: SuiteRequest = {
      suite: join(root, 'test', 'bench', 'suites', suite),
      extension,
      workspace,
      programs,
    };
    await runCommand(
      {
        program: process.execPath,
        args: ['--import', 'tsx', join(root, 'test', 'bench', 'suite-main.ts'), JSON.stringify(request)],
        cwd: root,
        env: { ...bed.env, VAPP_BENCH_TASK: JSON.stringify(task), VAPP_BENCH_ANSWER: answer },
      },
      { signal: context.signal, timeoutMs, killAfterMs: 20_000 },
    );
    return JSON.parse(await readFile(answer, 'utf8')) as T;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
