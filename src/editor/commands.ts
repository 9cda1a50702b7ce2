import { commands, type LogOutputChannel } from 'vscode';
import { asFailure, isCancelled, messageOf } from '../base';
import { showActions } from './actions';
import type { AdoptCommand } from './adopt';
import { openContainerTerminal } from './container-terminal';
import { showFailure } from './failure-message';
import type { Folders } from './folders';
import type { Forwards } from './forwards';
import type { JobCommands } from './job-commands';
import type { LiveUpdateCommands } from './live-update';
import type { LogFeeds } from './logs/log-feeds';
import type { NewAppCommand } from './new-app';
import { Owner } from './owner';
import type { ViewCommands } from './view-commands';

/** What the commands are made of. */
export interface CommandContext {
  readonly folders: Folders;
  readonly output: LogOutputChannel;
  readonly jobs: JobCommands;
  readonly live: LiveUpdateCommands;
  readonly views: ViewCommands;
  readonly logs: LogFeeds;
  readonly forwards: Forwards;
  readonly newApps: NewAppCommand;
  readonly adopting: AdoptCommand;
}

/** A command's argument is a node of the tree, or nothing when the palette called it. */
type Handler = (argument: unknown) => unknown;

/** Every command of the extension, by the id that `package.json` declares without `velocitas.`. */
export function createCommands(context: CommandContext) {
  const { folders, output, jobs, live, views, logs, forwards, newApps, adopting } = context;
  return {
    newApp: (argument) => newApps.newApp(argument),
    adopt: (argument) => adopting.adopt(argument),
    run: (argument) => jobs.run(argument),
    startLiveUpdate: (argument) => live.start(argument),
    stopLiveUpdate: (argument) => live.stop(argument),
    build: (argument) => jobs.build(argument),
    buildForPlatforms: (argument) => jobs.buildForPlatforms(argument),
    startRuntime: (argument) => jobs.startRuntime(argument),
    stopRuntime: (argument) => jobs.stopRuntime(argument),
    deleteRuntime: (argument) => jobs.deleteRuntime(argument),
    deploy: (argument) => jobs.deploy(argument),
    test: (argument) => jobs.test(argument),
    uninstall: (argument) => jobs.uninstall(argument),
    rollBack: (argument) => jobs.rollBack(argument),
    cancel: (argument) => jobs.cancel(argument),
    showLog: (argument) => logs.show(argument),
    showPreviousLog: (argument) => logs.showPrevious(argument),
    openLogTerminal: (argument) => logs.openTerminal(argument),
    openContainerTerminal: (argument) => openContainerTerminal(folders, output, argument),
    forwardPort: (argument) => forwards.forward(argument),
    stopForwarding: (argument) => forwards.stop(argument),
    copyImageReference: (argument) => views.copyImageReference(argument),
    copyAddress: (argument) => views.copyAddress(argument),
    openChart: (argument) => views.openChart(argument),
    openDockerfile: (argument) => views.openDockerfile(argument),
    openManifest: (argument) => views.openManifest(argument),
    copyChart: (argument) => views.copyChart(argument),
    doctor: (argument) => views.doctor(argument),
    showOutput: () => output.show(),
    showActions: () => showActions(folders),
    openWalkthrough: () =>
      commands.executeCommand('workbench.action.openWalkthrough', 'vscode-velocitas.vscode-velocitas#start', false),
  } satisfies Record<string, Handler>;
}

/** Registers the commands. What one of them throws is told, and never a cancelling. */
export class Commands extends Owner {
  constructor(context: CommandContext) {
    super();
    for (const [name, handler] of Object.entries<Handler>(createCommands(context))) {
      this.own(
        commands.registerCommand(`velocitas.${name}`, (argument: unknown) => this.perform(context, handler, argument)),
      );
    }
  }

  private async perform({ output, folders }: CommandContext, handler: Handler, argument: unknown): Promise<void> {
    await folders.ready;
    try {
      await handler(argument);
    } catch (error) {
      // After the end of the extension nobody is told any more, and the output is closed.
      if (isCancelled(error) || this.disposed) return;
      if (error instanceof Error && error.stack) output.debug(error.stack);
      const failure = asFailure(error, { code: 'internal', fault: 'environment', summary: messageOf(error) });
      void showFailure(output, failure);
    }
  }
}
