import type { Written } from './log-written';

/** What was wrong with the lines that arrived, all pods together. */
export interface LogFaults {
  readonly lost: number;
  readonly doubled: number;
  /** Lines that came after one that was written later. */
  readonly disordered: number;
}

interface Page {
  last: number;
  readonly missing: Set<number>;
}

/** Keeps account of the numbers of each pod's lines, from the first one that arrives on. */
export class LogLedger {
  private readonly pages = new Map<string, Page>();
  private doubled = 0;
  private disordered = 0;

  note({ pod, number }: Pick<Written, 'pod' | 'number'>): void {
    const page = this.pages.get(pod);
    if (!page) {
      this.pages.set(pod, { last: number, missing: new Set() });
    } else if (number > page.last) {
      for (let missing = page.last + 1; missing < number; missing += 1) page.missing.add(missing);
      page.last = number;
    } else if (page.missing.delete(number)) {
      this.disordered += 1;
    } else {
      this.doubled += 1;
    }
  }

  /** How many pods have written. */
  get pods(): number {
    return this.pages.size;
  }

  get faults(): LogFaults {
    const lost = [...this.pages.values()].reduce((sum, { missing }) => sum + missing.size, 0);
    return { lost, doubled: this.doubled, disordered: this.disordered };
  }
}

/** In words; undefined when nothing was wrong. */
export function faultsText({ lost, doubled, disordered }: LogFaults): string | undefined {
  if (lost + doubled + disordered === 0) return undefined;
  return `${lost} lines lost, ${doubled} doubled, ${disordered} out of order`;
}
