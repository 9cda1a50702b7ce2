import { readFileSync } from 'node:fs';

/**
 * How long the main thread has had a processor, milliseconds, by the kernel's own account
 * (`Documentation/scheduler/sched-stats`). Threads that help V8 and libuv are not in it.
 */
export function workedMs(): number {
  const [worked] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(worked) / 1e6;
}
