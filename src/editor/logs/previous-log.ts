import { ProgressLocation, l10n } from 'vscode';
import { isCancelled } from '../../base';
import { loadCore } from '../core';
import type { Folders } from '../folders';
import { showInformation, withProgress } from '../notices';
import { Owner } from '../owner';
import { chooseApp, pick, pictureOf, type AppTarget } from '../target';
import type { LogEntry } from './entries';
import { LineAssembler } from './line-assembler';
import { logWords } from './log-words';
import type { OpenChannel, PagedChannel } from './paged-channel';
import { Renderer } from './renderer';
import { EntryRing } from './ring';

/** What containers wrote before their last restart, one at a time in a channel of its own. */
export class PreviousLog extends Owner {
  private channel: PagedChannel | undefined;

  constructor(
    private readonly folders: Folders,
    private readonly openChannel: OpenChannel,
  ) {
    super();
    this.own({ dispose: () => this.channel?.dispose() });
  }

  /** Shows it for the container that the argument names, or that the user picks among those restarted. */
  async show(argument: unknown): Promise<void> {
    const target = await chooseApp(this.folders, argument, ({ pods }) => pods.some(hasRestarts));
    if (!target) return;
    const source = await chooseRestarted(target);
    if (!source) {
      void showInformation(l10n.t('No container of {0} has been restarted.', nameOf(target)));
      return;
    }
    const text = await this.read(target, source);
    if (text === undefined) return;
    this.channel ??= this.openChannel(l10n.t('Velocitas: before the restart'));
    this.channel.replace(text);
    this.channel.show();
  }

  /** Undefined when the user has cancelled. */
  private async read(target: AppTarget, { pod, container }: Source): Promise<string | undefined> {
    const { access } = target.folder.picture.runtime;
    const namespace = pictureOf(target)?.namespace;
    if (!access || namespace === undefined) return undefined;
    const { followLogs } = await loadCore();
    const options = {
      location: ProgressLocation.Window,
      title: l10n.t('Reading the log of {0}', `${pod}/${container}`),
      cancellable: true,
    };
    return withProgress(options, async (_progress, token) => {
      const stopper = new AbortController();
      const listening = token.onCancellationRequested(() => stopper.abort());
      const ring = new EntryRing();
      let read = 0;
      const assembler = new LineAssembler();
      const { signal } = stopper;
      try {
        const request = { access, namespace, selectors: [], pods: [pod], containers: [container] };
        for await (const events of followLogs({ ...request, previous: true, follow: false, signal })) {
          const entries = events.flatMap((event) => assembler.take(event));
          read += entries.length;
          ring.push(entries);
        }
      } catch (error) {
        if (isCancelled(error, signal)) return undefined;
        throw error;
      } finally {
        listening.dispose();
      }
      const kept = ring.all;
      const omitted: LogEntry[] = read > kept.length ? [{ type: 'omitted', lines: read - kept.length }] : [];
      return new Renderer('plain', logWords)
        .render([...omitted, ...kept])
        .map((line) => `${line}\n`)
        .join('');
    });
  }
}

interface Source {
  readonly pod: string;
  readonly container: string;
}

async function chooseRestarted(target: AppTarget): Promise<Source | undefined> {
  const { pod, container } = target;
  if (pod !== undefined && container !== undefined) return { pod, container };
  const choices = (pictureOf(target)?.pods ?? [])
    .filter(({ name }) => pod === undefined || name === pod)
    .flatMap(({ name, containers }) =>
      containers
        .filter(({ restarts }) => restarts > 0)
        .map((restarted) => ({
          label: restarted.name,
          description: name,
          detail: l10n.t('{0} restarts', restarted.restarts),
          value: { pod: name, container: restarted.name },
        })),
    );
  return pick(choices, l10n.t('Choose a container'));
}

function hasRestarts({ containers }: { readonly containers: readonly { readonly restarts: number }[] }): boolean {
  return containers.some(({ restarts }) => restarts > 0);
}

function nameOf(target: AppTarget): string {
  return pictureOf(target)?.name ?? target.app;
}
