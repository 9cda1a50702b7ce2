import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Collects all garbage of the process that it is in, and returns when that is done. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** What JavaScript of this process holds, also outside of its heap, MB; garbage that is not collected yet included. */
export function memoryHeld(): number {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}
