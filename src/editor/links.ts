import { join, relative, sep } from 'node:path';
import {
  DocumentLink,
  Range,
  RelativePattern,
  TerminalLink,
  Uri,
  languages,
  window,
  workspace,
  type CancellationToken,
  type TerminalLinkProvider,
  type TextDocument,
} from 'vscode';
import type { Location, PathIndex } from '../explain';
import type { AppFolder } from './app-folder';
import { loadCore } from './core';
import { openRange } from './failure-message';
import type { Folders } from './folders';
import { LOG_LANGUAGE } from './logs/paged-channel';
import { Owner } from './owner';

/** Only the end of a long log gets links: so many UTF-16 code units. */
const MAX_CHARACTERS = 1024 * 1024;
/** Of a line only so much is looked at, UTF-16 code units. */
const MAX_COLUMNS = 4096;
const MAX_FILES = 20_000;
/** The files of a workspace are not listed anew more often, milliseconds. */
const RELIST_MS = 5000;
const LEFT_OUT = '**/{.git,node_modules,__pycache__,.venv,venv,build,dist,out}/**';
/** Part of the address of each of our output channels. */
const OURS = 'velocitas';

interface FileLink extends TerminalLink {
  readonly file: string;
  readonly location: Location;
}

/** Makes places in files that apps and tools name lead to the workspace's own files, in logs and in terminals. */
export class Links extends Owner {
  private readonly listings = new Map<AppFolder, Listing>();

  constructor(private readonly folders: Folders) {
    super();
    this.own(
      languages.registerDocumentLinkProvider(
        { scheme: 'output', language: LOG_LANGUAGE },
        { provideDocumentLinks: (document, token) => this.inDocument(document, token) },
      ),
    );
    const inTerminals: TerminalLinkProvider<FileLink> = {
      provideTerminalLinks: ({ line }, token) => this.inTerminal(line, token),
      handleTerminalLink: ({ file, location }) => openLocation(file, location),
    };
    this.own(window.registerTerminalLinkProvider(inTerminals));
    this.own({ dispose: () => Promise.all([...this.listings.values()].map((listing) => listing.dispose())) });
  }

  private async inDocument(document: TextDocument, token: CancellationToken): Promise<DocumentLink[]> {
    if (this.folders.all.length === 0 || !document.uri.path.toLowerCase().includes(OURS)) return [];
    const { findLocations } = await loadCore();
    const fileOf = await this.finder(token);
    const links: DocumentLink[] = [];
    let left = MAX_CHARACTERS;
    for (let number = document.lineCount - 1; number >= 0 && left > 0; number--) {
      const text = document.lineAt(number).text.slice(0, MAX_COLUMNS);
      left -= text.length + 1;
      for (const location of findLocations(text)) {
        const file = fileOf(location.path);
        if (file === undefined) continue;
        const { index, length } = location;
        links.push(new DocumentLink(new Range(number, index, number, index + length), addressOf(file, location)));
      }
    }
    return links;
  }

  private async inTerminal(text: string, token: CancellationToken): Promise<FileLink[]> {
    if (this.folders.all.length === 0) return [];
    const { findLocations } = await loadCore();
    const fileOf = await this.finder(token);
    return findLocations(text.slice(0, MAX_COLUMNS)).flatMap((location) => {
      const file = fileOf(location.path);
      if (file === undefined) return [];
      return Object.assign(new TerminalLink(location.index, location.length, file), { file, location });
    });
  }

  /** What finds a file of the window's folders, absolute, by the path that it has elsewhere. */
  private async finder(token: CancellationToken): Promise<(path: string) => string | undefined> {
    const listings = this.folders.all.map((folder) => this.listingOf(folder));
    const finders = await Promise.all(listings.map((listing) => listing.finder(token)));
    return (path) => {
      for (const find of finders) {
        const file = find(path);
        if (file !== undefined) return file;
      }
      return undefined;
    };
  }

  private listingOf(folder: AppFolder): Listing {
    for (const [known, listing] of this.listings) {
      if (this.folders.all.includes(known)) continue;
      this.listings.delete(known);
      void listing.dispose();
    }
    let listing = this.listings.get(folder);
    if (!listing) {
      listing = new Listing(folder.session.root);
      this.listings.set(folder, listing);
    }
    return listing;
  }
}

/** The files of one folder, listed when they are first asked for and again after some have come or gone. */
class Listing extends Owner {
  private index: Promise<PathIndex> | undefined;
  private listedAt = -Infinity;
  private stale = false;
  private readonly found = new Map<string, string | undefined>();

  constructor(private readonly root: string) {
    super();
    const watcher = this.own(
      workspace.createFileSystemWatcher(new RelativePattern(Uri.file(root), '**/*'), false, true, false),
    );
    const changed = () => (this.stale = true);
    this.own(watcher.onDidCreate(changed));
    this.own(watcher.onDidDelete(changed));
  }

  /** What finds a file, absolute, by the path that it has elsewhere. */
  async finder(token: CancellationToken): Promise<(path: string) => string | undefined> {
    const now = performance.now();
    if (!this.index || (this.stale && now - this.listedAt > RELIST_MS)) {
      this.listedAt = now;
      this.stale = false;
      this.found.clear();
      this.index = this.list(token);
    }
    const index = await this.index;
    const { relativeToRoot } = await loadCore();
    return (path) => {
      if (this.found.has(path)) return this.found.get(path);
      const file = index.find(relativeToRoot(this.root, path));
      const absolute = file === undefined ? undefined : join(this.root, file);
      if (this.found.size < MAX_FILES) this.found.set(path, absolute);
      return absolute;
    };
  }

  private async list(token: CancellationToken): Promise<PathIndex> {
    let complete = false;
    try {
      const pattern = new RelativePattern(Uri.file(this.root), '**/*');
      const files = await workspace.findFiles(pattern, LEFT_OUT, MAX_FILES, token);
      const { PathIndex } = await loadCore();
      complete = !token.isCancellationRequested;
      return new PathIndex(files.map(({ fsPath }) => relative(this.root, fsPath).split(sep).join('/')));
    } finally {
      if (!complete) this.index = undefined;
    }
  }
}

function addressOf(file: string, { line, column }: Location): Uri {
  return Uri.file(file).with({ fragment: column === undefined ? `L${line}` : `L${line},${column}` });
}

async function openLocation(file: string, { line, column = 1 }: Location): Promise<void> {
  const start = { line, column };
  await openRange({ file, start, end: start });
}
