import type { Written } from './log-written';

/** What was wrong with the lines that arrived, all pods together. */
export interface LogFaults {
  readonly lost: number;
  readonly doubled: number;
  /** Lines that came after one that was written later. */
  readonly disordered: number;
}

interface Page {
  readonly first: number;
  last: number;
  readonly missing: Gaps;
}

/**
 * Numbers that are missing, as ranges: a flood leaves out hundreds of thousands, and each by itself would take more memory
 * than whoever is measured.
 */
class Gaps {
  private readonly ranges: { readonly from: number; readonly to: number }[] = [];

  /** From the first number up to, but without, the second, which are beyond all that were added before. */
  add(from: number, to: number): void {
    if (from < to) this.ranges.push({ from, to });
  }

  /** Whether the number was missing. */
  remove(number: number): boolean {
    const index = this.ranges.findLastIndex(({ from, to }) => from <= number && number < to);
    const range = this.ranges[index];
    if (!range) return false;
    const rest = [
      { from: range.from, to: number },
      { from: number + 1, to: range.to },
    ];
    this.ranges.splice(index, 1, ...rest.filter(({ from, to }) => from < to));
    return true;
  }

  get count(): number {
    return this.ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  }
}

/** Keeps account of the numbers of each pod's lines, from the first one that arrives on. */
export class LogLedger {
  private readonly pages = new Map<string, Page>();
  private doubled = 0;
  private disordered = 0;

  note({ pod, number }: Pick<Written, 'pod' | 'number'>): void {
    const page = this.pages.get(pod);
    if (!page) {
      this.pages.set(pod, { first: number, last: number, missing: new Gaps() });
    } else if (number > page.last) {
      page.missing.add(page.last + 1, number);
      page.last = number;
    } else if (page.missing.remove(number)) {
      this.disordered += 1;
    } else {
      this.doubled += 1;
    }
  }

  /** How many pods have written at least so many lines after the first that arrived, whether they arrived or not. */
  podsBeyond(lines: number): number {
    return [...this.pages.values()].filter(({ first, last }) => last - first >= lines).length;
  }

  get faults(): LogFaults {
    const lost = [...this.pages.values()].reduce((sum, { missing }) => sum + missing.count, 0);
    return { lost, doubled: this.doubled, disordered: this.disordered };
  }
}

/** In words; undefined when nothing was wrong. */
export function faultsText({ lost, doubled, disordered }: LogFaults): string | undefined {
  if (lost + doubled + disordered === 0) return undefined;
  return `${lost} lines lost, ${doubled} doubled, ${disordered} out of order`;
}
