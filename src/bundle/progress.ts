/** Called while much is moved. */
export type Progress = (message: string) => void;

/** Counts bytes and tells the percentage, each once, with `what` in front. */
export function percentOf(what: string, total: number, onProgress: Progress): (bytes: number) => void {
  let moved = 0;
  let told = -1;
  return (bytes) => {
    moved += bytes;
    const percent = total === 0 ? 100 : Math.floor((100 * moved) / total);
    if (percent === told) return;
    told = percent;
    onProgress(`${what} ${percent} %`);
  };
}

const MEGABYTE = 1_000_000;
const STEP = 10;

/** Counts bytes whose number nobody knows in advance, and tells it every ten megabytes. */
export function megabytesOf(what: string, onProgress: Progress): (bytes: number) => void {
  let moved = 0;
  let told = -1;
  return (bytes) => {
    moved += bytes;
    const steps = Math.floor(moved / MEGABYTE / STEP);
    if (steps === told) return;
    told = steps;
    onProgress(`${what} ${steps * STEP} MB`);
  };
}
