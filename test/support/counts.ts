import { statfsSync } from 'node:fs';
import { freemem, loadavg, tmpdir, totalmem } from 'node:os';
import type { Runner } from 'mocha';

/** What a suite came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** For each failure its name and what it said, in a few lines. */
  readonly failures: readonly string[];
}

const FAILURE_LINES = 20;
const FAILURE_LINE_LENGTH = 300;

export const NO_COUNTS: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };

/** The counts of a suite that failed as a whole. */
export function failedAsAWhole(why: string): Counts {
  return { ...NO_COUNTS, failed: 1, failures: [why] };
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

/** Follows a run of mocha; the answer gives the counts so far. */
export function countsOf(runner: Runner): () => Counts {
  const failures: string[] = [];
  runner.on('fail', (test, error: unknown) => {
    failures.push(`${test.titlePath().join(' › ')}: ${inShort(error)}\n    ${machineNow()}`);
  });
  return () => {
    const { passes = 0, failures: failed = 0, pending = 0 } = runner.stats ?? {};
    return { passed: passes, failed, skipped: pending, failures };
  };
}

/** A full disk or a busy processor explains many a failure in a cluster, and is gone when somebody looks. */
function machineNow(): string {
  const { bavail, blocks, bsize } = statfsSync(tmpdir());
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const disk = `${gigabytes(bavail * bsize)} of ${gigabytes(blocks * bsize)} GB of disk`;
  const memory = `${gigabytes(freemem())} of ${gigabytes(totalmem())} GB of memory`;
  return `(free then: ${disk}, ${memory}; load ${loadavg()[0]?.toFixed(1)})`;
}

/** A comparison says what differs only below its first line. */
function inShort(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error).split('\n');
  const shown = lines.slice(0, FAILURE_LINES).map((line) => line.slice(0, FAILURE_LINE_LENGTH));
  return shown.join('\n    ').trimEnd();
}
