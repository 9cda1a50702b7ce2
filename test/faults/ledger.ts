import { readCount } from './counting-app';

/** What is known of one run of a container. */
interface Account {
  readonly revision: number;
  received: number;
  /** Whether its last line, written when it was told to end, has come. */
  ended: boolean;
  /** When its first and its latest line were written, as the kubelet recorded it. */
  readonly firstAt: string;
  latestAt: string;
}

/**
 * Keeps the books of what one follower delivers of counting apps: within a run of a container the numbers go up by one,
 * from 1, whatever happened meanwhile.
 */
export class Ledger {
  private readonly accounts = new Map<string, Account>();
  private readonly wrong: string[] = [];
  /** Numbers that were passed over. */
  private missing: { readonly revision: number; readonly run: string; readonly count: number }[] = [];

  /** Takes a line as it was delivered. @param timestamp RFC 3339. */
  take(text: string, timestamp: string): void {
    const line = readCount(text);
    if (!line) {
      this.wrong.push(`no app wrote "${text.slice(0, 200)}"`);
      return;
    }
    const account = this.accounts.get(line.run) ?? this.open(line.run, line.revision, timestamp);
    if (line.count <= account.received) {
      this.wrong.push(`revision ${line.revision}, run ${line.run}: ${line.count} came after ${account.received}`);
    }
    for (let count = account.received + 1; count < line.count; count += 1) this.missing.push({ ...line, count });
    account.received = line.count;
    account.latestAt = timestamp;
    account.ended ||= line.last;
  }

  /** Lines missing, doubled, out of order or damaged so far; the books go on as if they had been right. */
  takeProblems(): string[] {
    const missing = this.missing.splice(0);
    return [
      ...this.wrong.splice(0),
      ...missing.map(({ revision, run, count }) => `revision ${revision}, run ${run}: ${count} did not come`),
    ];
  }

  /**
   * Forgets which lines are missing that nobody can have, because they were never written down.
   *
   * @param kept per run the numbers of the lines that there are; of other runs nothing is left.
   * @returns how many it were.
   */
  forgiveMissing(kept: ReadonlyMap<string, readonly number[]>): number {
    const before = this.missing.length;
    this.missing = this.missing.filter(({ run, count }) => kept.get(run)?.includes(count));
    return before - this.missing.length;
  }

  /** How many lines of a run have come. */
  received(run: string): number {
    return this.accounts.get(run)?.received ?? 0;
  }

  /** How many lines have come in all. */
  get lines(): number {
    return [...this.accounts.values()].reduce((sum, { received }) => sum + received, 0);
  }

  /** Runs of a revision of which something has come. */
  runsOf(revision: number): string[] {
    return [...this.accounts].filter(([, account]) => account.revision === revision).map(([run]) => run);
  }

  /** Runs of older revisions whose last line has not come. */
  unfinishedBefore(revision: number): string[] {
    return [...this.accounts]
      .filter(([, account]) => account.revision < revision && !account.ended)
      .map(([run]) => run);
  }

  /**
   * Whether some older revision still wrote when this one had begun to: it was served on meanwhile.
   *
   * @returns undefined when no older one was there to be served on.
   */
  servedInto(revision: number): boolean | undefined {
    const accounts = [...this.accounts.values()];
    const begun = accounts.filter((account) => account.revision === revision).map(({ firstAt }) => firstAt);
    const [first] = begun.sort();
    const older = accounts.filter((account) => account.revision < revision);
    if (first === undefined || older.length === 0) return undefined;
    return older.some(({ latestAt }) => latestAt >= first);
  }

  private open(run: string, revision: number, firstAt: string): Account {
    const account = { revision, received: 0, ended: false, firstAt, latestAt: firstAt };
    this.accounts.set(run, account);
    return account;
  }
}
