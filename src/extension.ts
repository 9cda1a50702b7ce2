import { window, type ExtensionContext } from 'vscode';
import { AdoptCommand } from './editor/adopt';
import { Commands } from './editor/commands';
import { Config } from './editor/config';
import { ContextKeys } from './editor/context-keys';
import { Diagnostics } from './editor/diagnostics';
import { RestrictedFiles } from './editor/restricted-files';
import { Folders } from './editor/folders';
import { Forwards } from './editor/forwards';
import { JobCommands } from './editor/job-commands';
import { LiveUpdateCommands } from './editor/live-update';
import { Links } from './editor/links';
import { LogFeeds } from './editor/logs/log-feeds';
import { pagedChannels } from './editor/logs/paged-channel';
import { Owner } from './editor/owner';
import { QuickFixes } from './editor/quick-fixes';
import { Reports } from './editor/reports';
import { StartOnOpen } from './editor/start-on-open';
import { StatusBar } from './editor/status-bar';
import { NewAppCommand } from './editor/new-app';
import { registerTasks } from './editor/tasks';
import { registerTerminalPath } from './editor/terminal-path';
import { AppTree } from './editor/tree/app-tree';
import { ViewCommands } from './editor/view-commands';

/** What `activate` hands to other extensions, and to the tests. */
export interface ExtensionApi {
  readonly folders: Folders;
  readonly tree: AppTree;
  readonly logs: LogFeeds;
}

/** The parts of the extension, put together; it ends with them. */
class Extension extends Owner {
  readonly api: ExtensionApi;

  constructor(context: ExtensionContext) {
    super();
    const output = this.own(window.createOutputChannel('Velocitas', { log: true }));
    const config = this.own(new Config(output));
    const chartsDirectory = context.asAbsolutePath('templates/charts');
    const folders = this.own(new Folders({ config, output, chartsDirectory }));
    const forwards = this.own(new Forwards(folders, output));
    const openChannel = pagedChannels(context.logUri.fsPath);
    const logs = this.own(new LogFeeds({ folders, config, output, openChannel }));
    const tree = this.own(new AppTree(folders, forwards));
    const jobs = new JobCommands({ folders, config, output });
    const live = new LiveUpdateCommands({ folders, config, output });
    const reports = this.own(new Reports());
    const views = new ViewCommands({ folders, output }, reports);
    const templatesDirectory = context.asAbsolutePath('templates');
    const newApps = new NewAppCommand({ directory: templatesDirectory }, output);
    const adopting = new AdoptCommand({ templatesDirectory, config, output }, reports);
    this.own(new Commands({ folders, output, jobs, live, views, logs, forwards, newApps, adopting }));
    this.own(new ContextKeys(folders));
    this.own(new StatusBar(folders));
    const diagnostics = this.own(new Diagnostics(folders, this.own(new RestrictedFiles(output))));
    this.own(new QuickFixes(diagnostics));
    this.own(new Links(folders));
    this.own(new StartOnOpen(folders, config, jobs));
    this.own(registerTasks(folders, context.extensionPath));
    registerTerminalPath(context);
    this.api = { folders, tree, logs };
  }
}

let extension: Extension | undefined;

/** Called by the editor when one of the activation events happens. */
export function activate(context: ExtensionContext): ExtensionApi {
  extension = new Extension(context);
  return extension.api;
}

/** Called by the editor before it ends; it waits for what this returns. */
export async function deactivate(): Promise<void> {
  await extension?.dispose();
  extension = undefined;
}
