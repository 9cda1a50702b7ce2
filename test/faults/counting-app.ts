import { lightApp } from '../e2e/support/light-app';

/** What a line of the counting app says. */
export interface Count {
  readonly revision: number;
  /** Of the run of the container: a container that is started again has another one. */
  readonly run: string;
  /** Counts from 1 within a run. */
  readonly count: number;
  /** The app was told to end, and this is the last line it wrote. */
  readonly last: boolean;
}

/** The files of an app that numbers the lines it writes, five a second, so that a line that is missing or doubled shows. */
export function countingApp(revision: number): Record<string, string> {
  return lightApp({ name: 'Counter', script: script(revision) });
}

/** The file that differs between revisions. */
export const SCRIPT_FILE = 'app/start.sh';

export function script(revision: number): string {
  return `run=$(cat /proc/sys/kernel/random/uuid)
trap 'stop=yes' TERM
n=0
while [ -z "$stop" ]; do n=$((n+1)); echo "count ${revision} $run $n"; sleep 0.2; done
n=$((n+1)); echo "last ${revision} $run $n"
`;
}

const LINE = /^(count|last) (\d+) (\S+) (\d+)$/;

/** Undefined for a line that no counting app wrote. */
export function readCount(text: string): Count | undefined {
  const [, word, revision, run, count] = LINE.exec(text) ?? [];
  if (run === undefined) return undefined;
  return { revision: Number(revision), run, count: Number(count), last: word === 'last' };
}

/**
 * The same with fifty lines a second, ten at a time. It ends by itself, as an app that crashes does, when it gets
 * SIGUSR1, and says its last line before.
 */
export function soakScript(revision: number): string {
  return `run=$(cat /proc/sys/kernel/random/uuid)
trap 'stop=0' TERM
trap 'stop=3' USR1
n=0
while [ -z "$stop" ]; do
  for i in 1 2 3 4 5 6 7 8 9 10; do n=$((n+1)); echo "count ${revision} $run $n"; done
  sleep 0.2
done
n=$((n+1)); echo "last ${revision} $run $n"
exit $stop
`;
}
