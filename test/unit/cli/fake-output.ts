import type { Output } from '../../../src/cli/renderer';

const ESCAPE = '\u001b';
/** The escapes that our live display uses, kept as tokens of their own. */
const TOKENS = new RegExp(`(${ESCAPE}\\[2K|${ESCAPE}\\[1A|\\r|\\n)`);

/** Collects what is written; `screen` answers what a terminal would show, as far as our own escapes go. */
export class FakeOutput implements Output {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(options: { isTTY?: boolean; columns?: number } = {}) {
    this.isTTY = options.isTTY ?? false;
    this.columns = options.columns ?? 80;
  }

  write(text: string): void {
    this.text += text;
  }

  screen(): string[] {
    const rows: string[] = [''];
    let row = 0;
    for (const token of this.text.split(TOKENS)) {
      if (token === '\u001b[2K') rows[row] = '';
      else if (token === '\u001b[1A') row -= 1;
      else if (token === '\n') {
        row += 1;
        rows[row] ??= '';
      } else if (token !== '\r') rows[row] = `${rows[row] ?? ''}${token}`;
    }
    return rows.filter((line) => line !== '');
  }
}
