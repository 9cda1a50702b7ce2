import { window, type OutputChannel } from 'vscode';
import { passes, type EntryFilter, type LogEntry } from './entries';
import type { LogView } from './log-view';
import { logWords } from './log-words';
import { Renderer } from './renderer';

/** A channel may become so long, UTF-16 code units. */
const MAX_SIZE = 8 * 1024 * 1024;

/** Makes the editor colour levels and times, and our links known to it. */
export const LOG_LANGUAGE = 'log';

/** An output channel that shows a log. It stays bounded: when it is too long it begins anew with what is remembered. */
export class LogChannel implements LogView {
  private readonly channel: OutputChannel;
  private renderer = new Renderer('plain', logWords);
  private size = 0;

  /**
   * @param remembered the last entries, those just added included.
   * @param filter leaves out what it does not let pass.
   */
  constructor(
    name: string,
    private readonly remembered: () => readonly LogEntry[],
    private readonly filter?: EntryFilter,
  ) {
    this.channel = window.createOutputChannel(name, LOG_LANGUAGE);
  }

  add(entries: readonly LogEntry[]): void {
    const text = this.textOf(entries);
    if (text === '') return;
    this.size += text.length;
    if (this.size <= MAX_SIZE) {
      this.channel.append(text);
      return;
    }
    this.replace(this.remembered());
  }

  /** Shows these entries and nothing else. */
  replace(entries: readonly LogEntry[]): void {
    this.renderer = new Renderer('plain', logWords);
    const text = this.textOf(entries);
    this.size = text.length;
    this.channel.replace(text);
  }

  /** Brings the channel to the front; the keyboard stays where it is. */
  show(): void {
    this.channel.show(true);
  }

  dispose(): void {
    this.channel.dispose();
  }

  private textOf(entries: readonly LogEntry[]): string {
    const { filter } = this;
    return this.renderer
      .render(filter ? entries.filter((entry) => passes(entry, filter)) : entries)
      .map((line) => `${line}\n`)
      .join('');
  }
}
