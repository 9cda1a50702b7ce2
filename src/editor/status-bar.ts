import { MarkdownString, StatusBarAlignment, ThemeColor, l10n, window } from 'vscode';
import { Burst } from './burst';
import type { Folders } from './folders';
import { Owner } from './owner';
import { statusOf, type Status } from './status';
import { tooltipText } from './tree/node';

/** The one item in the status bar: how runtime and app are. A click offers what makes sense now. */
export class StatusBar extends Owner {
  private readonly item = this.own(window.createStatusBarItem('velocitas.status', StatusBarAlignment.Left, 10));

  private shown: string | undefined;

  constructor(private readonly folders: Folders) {
    super();
    this.item.name = 'Velocitas';
    this.item.command = 'velocitas.showActions';
    const burst = this.own(new Burst(() => this.update()));
    this.own(folders.onDidChange(burst.request));
  }

  private update(): void {
    const folders = this.folders.all.map(({ name, picture, jobs }) => ({
      name,
      picture,
      jobs: jobs.busy,
      live: jobs.live,
    }));
    const status = statusOf(folders, l10n);
    const key = JSON.stringify(status);
    if (key === this.shown) return;
    this.shown = key;
    if (status) this.show(status);
    else this.item.hide();
  }

  private show({ icon, text, failing, tooltip, spoken }: Status): void {
    this.item.text = `$(${icon}) ${text}`;
    this.item.tooltip = new MarkdownString(tooltipText(tooltip));
    this.item.accessibilityInformation = { label: spoken };
    this.item.backgroundColor = failing ? new ThemeColor('statusBarItem.errorBackground') : undefined;
    this.item.show();
  }
}
