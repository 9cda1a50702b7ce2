import { EventEmitter, Uri, commands, window, workspace } from 'vscode';
import { Owner } from './owner';

const SCHEME = 'velocitas-report';

/** Reports in Markdown, shown as read-only documents: nothing asks to be saved. */
export class Reports extends Owner {
  private readonly contents = new Map<string, string>();
  private readonly changes = this.own(new EventEmitter<Uri>());

  constructor() {
    super();
    this.own(
      workspace.registerTextDocumentContentProvider(SCHEME, {
        onDidChange: this.changes.event,
        provideTextDocumentContent: (uri) => this.contents.get(uri.path) ?? '',
      }),
    );
  }

  /** Shows a report in place of an earlier one of the same title. */
  async show(title: string, content: string): Promise<void> {
    const uri = Uri.from({ scheme: SCHEME, path: `/${title}.md` });
    this.contents.set(uri.path, content);
    this.changes.fire(uri);
    // The preview belongs to an extension that can be switched off.
    const known = await commands.getCommands(true);
    if (known.includes('markdown.showPreview')) await commands.executeCommand('markdown.showPreview', uri);
    else await window.showTextDocument(uri, { preview: true });
  }
}
