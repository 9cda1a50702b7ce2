import { window, type OutputChannel } from 'vscode';
import type { Disposable } from '../owner';
import { removeOldPages } from './page-files';

/** Makes the editor colour levels and times, and our links known to it. */
export const LOG_LANGUAGE = 'log';

/** A window that is busy with a flood takes seconds to show a page; after so long its user must have turned elsewhere. */
const TURN_LIMIT_MS = 10_000;

/** Opens a channel; calls back when a page that was to be on screen is there. */
export type OpenChannel = (name: string, onTurned?: () => void) => PagedChannel;

/** @param logDirectory where the editor lets this extension keep its logs. */
export function pagedChannels(logDirectory: string): OpenChannel {
  return (name, onTurned) => new PagedChannel(name, () => void removeOldPages(logDirectory, name), onTurned);
}

/**
 * An output channel of which the text can be replaced without an end. The editor keeps all that was ever written to a
 * channel in a file of at most 30 MiB, begins that anew without a word, and then looks for the text where none is: the
 * channel stays blank. So each text, a page, has a channel of its own, which takes the place of the one before.
 */
export class PagedChannel implements Disposable {
  private page: OutputChannel;
  /** A page that is on screen until the one that follows it is; without it the editor would show another channel. */
  private turned: { readonly page: OutputChannel; readonly path: string; readonly at: number } | undefined;
  private readonly looking = window.onDidChangeVisibleTextEditors(() => this.endTurn());

  /**
   * @param onRetired called when a page has gone.
   * @param onTurned called when a page that was to be on screen is there.
   */
  constructor(
    private readonly name: string,
    private readonly onRetired: () => void,
    private readonly onTurned: () => void = () => undefined,
  ) {
    this.page = this.newPage();
  }

  /** Whether the newest page is about to come on screen. A page that is replaced meanwhile may never come there. */
  get isTurning(): boolean {
    return this.turned !== undefined && performance.now() - this.turned.at < TURN_LIMIT_MS;
  }

  /** All that is appended to one page has to stay below 30 MiB in UTF-8. */
  append(text: string): void {
    this.page.append(text);
  }

  /** Begins a new page. It is on screen, without the keyboard, if the one before was. */
  replace(text: string): void {
    if (this.turned && !this.isTurning) this.letGo(this.turned.page);
    const before = this.page;
    const [path] = this.pathsOnScreen();
    this.page = this.newPage();
    this.page.append(text);
    const isShown = this.turned !== undefined || path !== undefined;
    if (!this.turned && path !== undefined) this.turned = { page: before, path, at: performance.now() };
    else this.retire(before);
    if (isShown) this.page.show(true);
  }

  /** Brings the channel to the front; the keyboard stays where it is. */
  show(): void {
    this.page.show(true);
  }

  dispose(): void {
    this.looking.dispose();
    this.turned?.page.dispose();
    this.page.dispose();
  }

  private newPage(): OutputChannel {
    return window.createOutputChannel(this.name, LOG_LANGUAGE);
  }

  private endTurn(): void {
    const { turned } = this;
    if (!turned || !this.pathsOnScreen().some((path) => path !== turned.path)) return;
    this.letGo(turned.page);
    this.onTurned();
  }

  private letGo(before: OutputChannel): void {
    this.turned = undefined;
    this.retire(before);
  }

  private retire(page: OutputChannel): void {
    page.dispose();
    this.onRetired();
  }

  /** The editor puts the name at the end of what it knows a channel by. */
  private pathsOnScreen(): string[] {
    return window.visibleTextEditors
      .map(({ document }) => document.uri)
      .filter(({ scheme, path }) => scheme === 'output' && path.endsWith(`-${this.name}`))
      .map(({ path }) => path);
  }
}
