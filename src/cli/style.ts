import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours, or none of them: `NO_COLOR`, a pipe and `TERM=dumb` mean none (https://no-color.org). */
export class Style {
  constructor(readonly enabled: boolean) {}

  static for(env: NodeJS.ProcessEnv, isTTY: boolean): Style {
    return new Style(isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb');
  }

  private paint(format: Format, text: string): string {
    return this.enabled ? styleText(format, text, { validateStream: false }) : text;
  }

  good(text: string): string {
    return this.paint('green', text);
  }
  bad(text: string): string {
    return this.paint('red', text);
  }
  warning(text: string): string {
    return this.paint('yellow', text);
  }
  faint(text: string): string {
    return this.paint('dim', text);
  }
  strong(text: string): string {
    return this.paint('bold', text);
  }
  /** One of six colours, always the same for the same name, to tell pods apart. */
  name(text: string): string {
    const colours = ['cyan', 'magenta', 'blue', 'yellow', 'green', 'red'] as const;
    let sum = 0;
    for (const character of text) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
    return this.paint(colours[sum % colours.length] ?? 'cyan', text);
  }
}

/** Milliseconds as a person reads them: `0.42 s`, `12.3 s`, `2 min 05 s`. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Cuts to a number of columns, so that a line never wraps in the live area; colours are lost where it cuts. */
export function fit(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length <= columns ? text : `${plain.slice(0, Math.max(0, columns - 1))}…`;
}
