import { passes, type EntryFilter, type LogEntry } from './entries';
import type { LogView } from './log-view';
import { logWords } from './log-words';
import type { OpenChannel, PagedChannel } from './paged-channel';
import { Renderer } from './renderer';

/** A page may become so long, bytes; and so long while it is about to come on screen, where it then gives way at once. */
const MAX_SIZE = 4 * 1024 * 1024;
const MAX_SIZE_UNSEEN = 8 * 1024 * 1024;

export interface LogChannelOptions {
  readonly name: string;
  readonly open: OpenChannel;
  /** The last entries, those just added included. */
  readonly remembered: () => readonly LogEntry[];
  /** Leaves out what it does not let pass. */
  readonly filter?: EntryFilter;
}

/** An output channel that shows a log. It stays bounded: when it is too long it begins anew with what is remembered. */
export class LogChannel implements LogView {
  private readonly channel: PagedChannel;
  private renderer = new Renderer('plain', logWords);
  private size = 0;

  constructor(private readonly options: LogChannelOptions) {
    this.channel = options.open(options.name, () => {
      if (this.size > MAX_SIZE_UNSEEN) this.beginAnew();
    });
  }

  add(entries: readonly LogEntry[]): void {
    const text = this.textOf(entries);
    if (text === '') return;
    this.size += Buffer.byteLength(text);
    const { isTurning } = this.channel;
    if (this.size <= (isTurning ? MAX_SIZE_UNSEEN : MAX_SIZE)) this.channel.append(text);
    else if (!isTurning) this.beginAnew();
  }

  /** Brings the channel to the front; the keyboard stays where it is. */
  show(): void {
    this.channel.show();
  }

  dispose(): void {
    this.channel.dispose();
  }

  private beginAnew(): void {
    this.renderer = new Renderer('plain', logWords);
    const text = `${this.renderer.earlier()}\n${this.textOf(this.options.remembered())}`;
    this.size = Buffer.byteLength(text);
    this.channel.replace(text);
  }

  private textOf(entries: readonly LogEntry[]): string {
    const { filter } = this.options;
    const lines = this.renderer.render(filter ? entries.filter((entry) => passes(entry, filter)) : entries);
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }
}
