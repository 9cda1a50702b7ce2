import type { LogOutputChannel } from 'vscode';
import { messageOf } from '../../base';
import type { LogEvent } from '../../logs';
import { Owner } from '../owner';
import { AppFeed, type FeedSource } from './app-feed';
import { Batcher } from './batcher';
import type { EntryFilter, LogEntry } from './entries';
import type { FeedSubject } from './feed-subject';
import { LineAssembler } from './line-assembler';
import { LogChannel } from './log-channel';
import { LogTerminal } from './log-terminal';
import type { LogView } from './log-view';
import type { OpenChannel } from './paged-channel';
import { EntryRing } from './ring';

export interface AppLogOptions {
  /** The name of the app's channel. */
  readonly title: string;
  readonly source: FeedSource;
  /** See `AppFeed`. */
  readonly tail: () => number;
  readonly output: LogOutputChannel;
  readonly openChannel: OpenChannel;
}

/** Views of single pods and containers kept at a time. */
const MAX_FILTERED = 8;

/** The log of one app: its feed, what is remembered of it, and the views that show it. */
export class AppLog extends Owner {
  private readonly ring = new EntryRing();
  private readonly views = new Set<LogView>();
  private readonly filtered = new Map<string, LogChannel>();
  private readonly received = this.event<readonly LogEntry[]>();
  private readonly assembler = new LineAssembler();
  private readonly batcher = this.own(new Batcher((batch) => this.handOn(batch)));
  private readonly feed: AppFeed;
  private mainChannel: LogChannel | undefined;
  private showNext = false;

  /** Entries have been shown. */
  readonly onDidReceive = this.received.event;

  constructor(private readonly options: AppLogOptions) {
    super();
    const { source, tail, output } = options;
    const failed = (error: unknown) => output.warn(`${options.title}: ${messageOf(error)}`);
    const received = (event: LogEvent) => {
      for (const entry of this.assembler.take(event)) this.batcher.push(entry);
    };
    const gone = () => this.batcher.push({ type: 'gone' });
    this.own({ dispose: () => this.closeViews() });
    this.feed = this.own(new AppFeed(source, { received, failed, gone }, tail));
  }

  /** Whether there is anything to show, or may be any moment. */
  get worthShowing(): boolean {
    return this.feed.following || !this.ring.empty;
  }

  /** Tells what is to be followed; see `feedSubject`. */
  update(wanted: FeedSubject | 'none' | undefined): void {
    this.feed.update(wanted);
    if (this.feed.following) this.channel();
  }

  /** The channel comes to the front with the next line. */
  showAtNextLine(): void {
    this.showNext = true;
  }

  /** Brings the app's channel to the front, or one with a single pod or container. */
  show(filter?: EntryFilter): void {
    (filter ? this.filteredChannel(filter) : this.channel()).show();
  }

  /** Opens a terminal on the same lines, in their colours. */
  openTerminal(): void {
    const terminal: LogTerminal = new LogTerminal(
      this.options.title,
      () => this.ring.all,
      () => {
        this.views.delete(terminal);
        void terminal.dispose();
      },
    );
    this.views.add(terminal);
  }

  private channel(): LogChannel {
    if (!this.mainChannel) {
      this.mainChannel = this.newChannel(this.options.title);
      this.views.add(this.mainChannel);
    }
    return this.mainChannel;
  }

  private filteredChannel(filter: EntryFilter): LogChannel {
    const name = [filter.pod, ...(filter.container === undefined ? [] : [filter.container])].join('/');
    const known = this.filtered.get(name);
    if (known) return known;
    this.forgetOldest();
    const channel = this.newChannel(`${this.options.title} (${name})`, filter);
    channel.add(this.ring.all);
    this.filtered.set(name, channel);
    this.views.add(channel);
    return channel;
  }

  private newChannel(name: string, filter?: EntryFilter): LogChannel {
    const remembered = () => this.ring.all;
    return new LogChannel({ name, open: this.options.openChannel, remembered, ...(filter ? { filter } : {}) });
  }

  private handOn(batch: readonly LogEntry[]): void {
    this.ring.push(batch);
    for (const view of this.views) view.add(batch);
    this.received.fire(batch);
    if (!this.showNext || !batch.some(({ type }) => type === 'line')) return;
    this.showNext = false;
    this.show();
  }

  private forgetOldest(): void {
    const [oldest] = this.filtered;
    if (!oldest || this.filtered.size < MAX_FILTERED) return;
    const [name, channel] = oldest;
    this.filtered.delete(name);
    this.views.delete(channel);
    channel.dispose();
  }

  private closeViews(): void {
    for (const view of this.views) void view.dispose();
    this.views.clear();
  }
}
