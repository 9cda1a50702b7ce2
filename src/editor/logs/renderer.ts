import { RESET, harmless } from '../../base';
import type { LogEntry } from './entries';
import { Speakers } from './speakers';

/** What is said besides an app's own lines, in the user's language. */
export interface LogWords {
  started(container: string, restart: number): string;
  ended(container: string, exitCode: number | undefined, reason: string | undefined): string;
  gap(container: string, message: string): string;
  interrupted(message: string): string;
  resumed(): string;
  omitted(lines: number): string;
  /** Comes first where a view has begun anew. */
  earlier(): string;
  /** Follows a line of which only the beginning is shown. */
  cut(characters: number): string;
  /** Follows a line without a line break. */
  unterminated(): string;
}

export type LogStyle = 'plain' | 'coloured';

/** Turns entries into lines of text, for one view: what has been shown in it decides what stands before a line. */
export class Renderer {
  private readonly speakers = new Speakers();

  constructor(
    private readonly style: LogStyle,
    private readonly words: LogWords,
  ) {}

  /** Without line breaks. */
  render(entries: readonly LogEntry[]): string[] {
    const lines: string[] = [];
    for (const entry of entries) {
      this.speakers.note(entry);
      if (entry.type === 'line') lines.push(this.line(entry));
      else if (entry.type !== 'gone') lines.push(this.remark(this.sentence(entry)));
    }
    return lines;
  }

  /** The remark that lines were shown before these. */
  earlier(): string {
    return this.remark(this.words.earlier());
  }

  private line({ line }: Extract<LogEntry, { type: 'line' }>): string {
    const coloured = this.style === 'coloured';
    const text = harmless(line.text, coloured);
    const ending = coloured && text.includes('\u001b') ? RESET : '';
    const prefix = this.speakers.prefixOf(line);
    const cut = line.cut === undefined ? '' : ` ${this.dim(this.words.cut(line.cut))}`;
    const torn = line.unterminated ? ` ${this.dim(this.words.unterminated())}` : '';
    return `${prefix && this.dim(prefix)}${text}${ending}${cut}${torn}`;
  }

  private sentence(entry: Exclude<LogEntry, { type: 'line' | 'gone' }>): string {
    const { words } = this;
    switch (entry.type) {
      case 'started':
        return words.started(nameOf(entry), entry.restart);
      case 'ended':
        return words.ended(nameOf(entry), entry.exitCode, entry.reason);
      case 'gap':
        return words.gap(nameOf(entry), entry.message);
      case 'interrupted':
        return words.interrupted(entry.message);
      case 'resumed':
        return words.resumed();
      case 'omitted':
        return words.omitted(entry.lines);
    }
  }

  private remark(sentence: string): string {
    return this.dim(`── ${harmless(sentence, false)}`);
  }

  private dim(text: string): string {
    return this.style === 'coloured' ? `\u001b[2m${text}${RESET}` : text;
  }
}

function nameOf({ pod, container }: { readonly pod: string; readonly container: string }): string {
  return `${pod}/${container}`;
}
