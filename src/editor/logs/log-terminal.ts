import { EventEmitter, window, type Pseudoterminal } from 'vscode';
import { Owner } from '../owner';
import type { LogEntry } from './entries';
import type { LogView } from './log-view';
import { logWords } from './log-words';
import { Renderer } from './renderer';

const CTRL_C = '\u0003';

/** A terminal that shows a log in the app's own colours. Ctrl-C closes it. */
export class LogTerminal extends Owner implements LogView {
  private readonly writes = this.own(new EventEmitter<string>());
  private readonly renderer = new Renderer('coloured', logWords);
  private opened = false;

  /**
   * @param remembered what is shown first, once the terminal is there.
   * @param onClose called when the user closes it.
   */
  constructor(
    name: string,
    private readonly remembered: () => readonly LogEntry[],
    onClose: () => void,
  ) {
    super();
    const pty: Pseudoterminal = {
      onDidWrite: this.writes.event,
      open: () => this.open(),
      close: onClose,
      handleInput: (data) => {
        if (data === CTRL_C) onClose();
      },
    };
    const terminal = this.own(window.createTerminal({ name, pty, isTransient: true }));
    terminal.show();
  }

  add(entries: readonly LogEntry[]): void {
    if (!this.opened) return;
    const text = this.renderer
      .render(entries)
      .map((line) => `${line}\r\n`)
      .join('');
    this.writes.fire(text);
  }

  private open(): void {
    this.opened = true;
    this.add(this.remembered());
  }
}
