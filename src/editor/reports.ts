import { EventEmitter, Uri, commands, window, workspace } from 'vscode';
import { Owner } from './owner';

const SCHEME = 'velocitas-report';

/** Reports in Markdown, and diffs, shown as read-only documents: nothing asks to be saved. */
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
    const uri = this.replace(`${title}.md`, content);
    // The preview belongs to an extension that can be switched off.
    const known = await commands.getCommands(true);
    if (known.includes('markdown.showPreview')) await commands.executeCommand('markdown.showPreview', uri);
    else await window.showTextDocument(uri, { preview: true });
  }

  /** Shows a diff in place of an earlier one of the same title, in a tab that stays while other files are looked at. */
  async showDiff(title: string, content: string): Promise<void> {
    await window.showTextDocument(this.replace(`${title}.diff`, content), { preview: false });
  }

  /** The editor takes the language from the name. */
  private replace(name: string, content: string): Uri {
    const uri = Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.contents.set(uri.path, content);
    this.changes.fire(uri);
    return uri;
  }
}
