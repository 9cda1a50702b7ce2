import {
  EventEmitter,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  Uri,
  l10n,
  window,
  type TreeDataProvider,
  type TreeView,
} from 'vscode';
import type { AppFolder } from '../app-folder';
import { toRange } from '../failure-message';
import type { Folders } from '../folders';
import type { Forwards } from '../forwards';
import { Owner } from '../owner';
import type { Target } from '../target';
import { Drawing } from './drawing';
import { treeNodes, type FolderView } from './model';
import { tooltipText, type Tone, type TreeNode } from './node';
import { Rows, type KeptRow } from './rows';

export type Row = KeptRow<Target>;

const COLORS: Record<Tone, string> = {
  good: 'testing.iconPassed',
  bad: 'problemsErrorIcon.foreground',
  warning: 'problemsWarningIcon.foreground',
  faint: 'disabledForeground',
};

/**
 * The view with apps and runtimes. It draws what changed, and nothing while it is hidden; it never asks. With one folder
 * in which nothing runs, is being done or is wrong it is empty, because the editor shows package.json's `viewsWelcome`
 * in an empty view only; the context keys tell which of them: no app, Docker missing or down, runtime absent, stopped,
 * or being started by somebody else. See {@link treeNodes}.
 */
export class AppTree extends Owner implements TreeDataProvider<Row> {
  private readonly changes = this.own(new EventEmitter<readonly Row[] | undefined>());
  private readonly rows = new Rows((node) => this.targetOf(node));
  private readonly view: TreeView<Row>;
  private readonly drawing: Drawing;

  readonly onDidChangeTreeData = this.changes.event as TreeDataProvider<Row>['onDidChangeTreeData'] & object;

  constructor(
    private readonly folders: Folders,
    private readonly forwards: Forwards,
  ) {
    super();
    this.drawing = this.own(
      new Drawing({
        isVisible: () => this.view.visible,
        look: () => this.look(),
        draw: (changed) => this.changes.fire(changed && this.rows.of(changed)),
      }),
    );
    this.view = this.own(
      window.createTreeView('velocitas.explorer', { treeDataProvider: this, showCollapseAll: true }),
    );
    const { mayHaveChanged } = this.drawing;
    this.own(folders.onDidChange(mayHaveChanged));
    this.own(forwards.onDidChange(mayHaveChanged));
    this.own(this.view.onDidChangeVisibility(mayHaveChanged));
  }

  getChildren(row?: Row): Row[] {
    return this.rows.of(row ? row.node.children : this.drawing.renewed());
  }

  getTreeItem({ node }: Row): TreeItem {
    const { Collapsed, Expanded, None } = TreeItemCollapsibleState;
    const state = node.children.length === 0 ? None : node.open ? Expanded : Collapsed;
    const item = new TreeItem(node.label, state);
    item.id = node.id;
    item.iconPath = new ThemeIcon(node.icon, node.tone ? new ThemeColor(COLORS[node.tone]) : undefined);
    item.contextValue = node.context;
    if (node.description !== undefined) item.description = node.description;
    if (node.spoken !== undefined) item.accessibilityInformation = { label: node.spoken, role: 'treeitem' };
    if (node.tooltip) item.tooltip = new MarkdownString(tooltipText(node.tooltip));
    if (node.opens) {
      item.command = {
        command: 'vscode.open',
        title: l10n.t('Open File'),
        arguments: [Uri.file(node.opens.file), { selection: toRange(node.opens) }],
      };
    }
    return item;
  }

  /** The rows at the top with all below them, as they are shown or would be. */
  get nodes(): readonly TreeNode[] {
    return treeNodes(
      this.folders.all.map((folder) => this.viewOf(folder)),
      l10n,
    );
  }

  private look(): readonly TreeNode[] {
    const { nodes } = this;
    this.rows.update(nodes);
    return nodes;
  }

  private viewOf(folder: AppFolder): FolderView {
    const forwards = this.forwards.all.filter(({ target }) => target.folder === folder);
    return {
      key: keyOf(folder),
      name: folder.name,
      picture: folder.picture,
      jobs: folder.jobs.busy,
      live: folder.jobs.live,
      forwards: forwards.map(({ target, podPort, address }) => ({ app: target.app, podPort, address })),
    };
  }

  /** A forwarded port is told by its own target from the app that it leads to. */
  private targetOf({ id, subject: { forward, ...subject } }: TreeNode): Target {
    const folder = this.folders.all.find((candidate) => id.startsWith(keyOf(candidate)));
    if (!folder) throw new Error('each row is of a folder');
    const open = this.forwards.all.find(({ address, target }) => address === forward && target.folder === folder);
    return open?.target ?? { folder, ...subject };
  }
}

/** Begins the ids of a folder's rows; none begins another's. */
function keyOf({ folder }: AppFolder): string {
  return `${folder.uri.toString()}#`;
}
