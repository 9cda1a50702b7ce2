import { ProgressLocation, Uri, env, l10n, window, type LogOutputChannel } from 'vscode';
import { Cancelled, asFailure, isCancelled, messageOf } from '../base';
import type { AppPicture } from '../state';
import { loadCore } from './core';
import { showFailure } from './failure-message';
import type { Folders } from './folders';
import { showInformation, withProgress } from './notices';
import { Owner } from './owner';
import { PortForward } from './port-forward';
import { hasOrGetsPod, runningPod } from './running-pod';
import { chooseApp, pick, pictureOf, targetOf, type AppTarget } from './target';

/** A port of this machine that leads to an app, whichever pods it has. */
export interface Forward {
  readonly target: AppTarget;
  readonly podPort: number;
  readonly localPort: number;
  /** E.g. `localhost:8080`. */
  readonly address: string;
}

interface OpenForward extends Forward {
  readonly kept: PortForward;
}

/** The ports forwarded by this window. */
export class Forwards extends Owner {
  private open: readonly OpenForward[] = [];
  /** Those that take no connections yet. */
  private beginning: readonly OpenForward[] = [];
  private readonly changes = this.signal();

  readonly onDidChange = this.changes.event;

  constructor(
    private readonly folders: Folders,
    private readonly output: LogOutputChannel,
  ) {
    super();
    this.own({ dispose: () => Promise.all(this.kept.map(({ kept }) => kept.stop())) });
    this.own(folders.onDidChange(() => this.update()));
  }

  get all(): readonly Forward[] {
    return this.open;
  }

  private get kept(): readonly OpenForward[] {
    return [...this.open, ...this.beginning];
  }

  /** Forwards a port that the user picks among those which the app's containers declare. */
  async forward(argument: unknown): Promise<void> {
    const target = await chooseApp(this.folders, argument, hasOrGetsPod);
    if (!target) return;
    const pod = await runningPod(this.folders, target);
    const app = pictureOf(target);
    if (!app || !pod) {
      void showInformation(l10n.t('{0} has no running pod.', app?.name ?? target.app));
      return;
    }
    const podPort = await choosePort(target, app, pod.name);
    if (podPort === undefined) return;
    const known = this.open.find((forward) => isTo(forward, target) && forward.podPort === podPort);
    // The pods may be others by the time that the port is chosen.
    const forward = known ?? (await this.begin(target, pictureOf(target) ?? app, pod.name, podPort));
    void this.tell(app, forward);
  }

  /** Ends a forward: the one that the argument stands for, else one that the user picks. */
  async stop(argument: unknown): Promise<void> {
    const target = targetOf(argument);
    const exact = this.open.find((forward) => forward === argument || forward.target === target);
    const among = this.open.filter((forward) => !target || isAbout(forward, target));
    const choices = among.map((forward) => ({
      label: forward.address,
      description: l10n.t('port {0} of {1}', String(forward.podPort), forward.target.app),
      value: forward,
    }));
    const forward = exact ?? (await pick(choices, l10n.t('Choose a port to stop forwarding')));
    await forward?.kept.stop();
  }

  private async begin(target: AppTarget, app: AppPicture, pod: string, podPort: number): Promise<OpenForward> {
    const { forwardPort, freeLocalPort, podRuns } = await loadCore();
    const { folder } = target;
    const { namespace } = app;
    const localPort = await freeLocalPort(podPort);
    const forwardTo = async (podName: string, onReady: () => void, signal: AbortSignal) => {
      const { access } = folder.picture.runtime;
      if (!access) throw new Error(l10n.t('The runtime is not running.'));
      const request = { access, namespace, pod: podName, podPort, localPort };
      this.output.info(`kubectl port-forward --address 127.0.0.1 pod/${podName} ${localPort}:${podPort}`);
      try {
        await forwardPort(folder.session.toolbox, request, onReady, signal);
      } catch (error) {
        if (isCancelled(error, signal)) throw error;
        this.output.info(`${podName} ${podPort}: ${messageOf(error)}`);
        // The pod of before a rollout is in view for a moment longer than it is there.
        if (await podRuns(request, signal)) throw error;
      }
    };
    const kept = new PortForward(forwardTo, app.pods, pod);
    const forward = { target: { ...target }, podPort, localPort, address: `localhost:${localPort}`, kept };
    this.beginning = [...this.beginning, forward];
    try {
      await waitUntilReady(kept, forward.address);
    } catch (error) {
      await kept.stop();
      throw error;
    } finally {
      this.beginning = this.beginning.filter((candidate) => candidate !== forward);
    }
    this.add(forward);
    return forward;
  }

  private add(forward: OpenForward): void {
    this.open = [...this.open, forward];
    this.changes.fire();
    void forward.kept.ended
      .catch((error: unknown) => {
        const otherwise = { code: 'forward-failed', fault: 'environment', summary: messageOf(error) } as const;
        void showFailure(this.output, asFailure(error, otherwise));
      })
      .finally(() => {
        this.open = this.open.filter((candidate) => candidate !== forward);
        if (!this.disposed) this.changes.fire();
      });
  }

  private update(): void {
    for (const { target, kept } of this.kept) {
      const { runtime, apps } = target.folder.picture;
      const app = apps.find(({ id }) => id === target.app);
      const gone = runtime.state === 'absent' || (runtime.followed && !app?.release);
      if (gone || !this.folders.all.includes(target.folder)) void kept.stop();
      else if (runtime.followed) kept.update(app?.pods ?? []);
    }
  }

  private async tell(app: AppPicture, { address, podPort }: Forward): Promise<void> {
    const browse = l10n.t('Open in Browser');
    const copy = l10n.t('Copy Address');
    const message = l10n.t('Port {0} of {1} is at {2}.', String(podPort), app.name, address);
    const chosen = await showInformation(message, browse, copy);
    if (chosen === browse) await env.openExternal(Uri.parse(`http://${address}`));
    if (chosen === copy) await env.clipboard.writeText(address);
  }
}

/** @throws Cancelled when the user does not want to wait; why it cannot be forwarded. */
async function waitUntilReady(kept: PortForward, address: string): Promise<void> {
  const options = {
    location: ProgressLocation.Notification,
    title: l10n.t('Forwarding {0}', address),
    cancellable: true,
  };
  await withProgress(options, async (_progress, token) => {
    const listening = token.onCancellationRequested(() => void kept.stop());
    const stopped = kept.ended.then(() => {
      throw new Cancelled();
    });
    try {
      await Promise.race([kept.whenReady, stopped]);
    } finally {
      listening.dispose();
    }
  });
}

async function choosePort(target: AppTarget, { namespace }: AppPicture, pod: string): Promise<number | undefined> {
  const { access } = target.folder.picture.runtime;
  if (!access) return undefined;
  const { podPorts } = await loadCore();
  const declared = (await podPorts({ access, namespace, pod })).filter(
    ({ container }) => target.container === undefined || container === target.container,
  );
  const other = { label: l10n.t('Another port…'), description: '', value: undefined };
  const choices = declared.map(({ container, port, name }) => ({
    label: String(port),
    description: [...(name === undefined ? [] : [name]), container].join(' · '),
    value: port,
  }));
  if (choices.length === 0) return askForPort(target);
  const placeHolder = l10n.t('Choose a port of {0}', pod);
  const chosen = await window.showQuickPick([...choices, other], { placeHolder });
  if (!chosen) return undefined;
  return chosen.value ?? askForPort(target);
}

async function askForPort(target: AppTarget): Promise<number | undefined> {
  const known = target.folder.repository?.apps.find(({ id }) => id === target.app)?.port;
  const answer = await window.showInputBox({
    prompt: l10n.t('Port on which the app listens in its container'),
    ...(known === undefined ? {} : { value: String(known) }),
    validateInput: (text) => (isPort(text) ? undefined : l10n.t('A port is a number from 1 to 65535.')),
  });
  return answer === undefined ? undefined : Number(answer);
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function isTo(forward: Forward, { folder, app }: AppTarget): boolean {
  return forward.target.folder === folder && forward.target.app === app;
}

/** Whether a forward is one of those that a target names: a folder's, an app's. */
function isAbout(forward: Forward, { folder, app }: Partial<AppTarget>): boolean {
  return forward.target.folder === folder && (app === undefined || forward.target.app === app);
}
