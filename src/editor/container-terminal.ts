import { ProgressLocation, commands, l10n, window, type LogOutputChannel } from 'vscode';
import type { ContainerPlace } from '../run';
import type { AppPicture } from '../state';
import { loadCore } from './core';
import type { Folders } from './folders';
import { showInformation, withProgress } from './notices';
import { chooseApp, pick, pictureOf, type AppTarget } from './target';

/** Whether the images met so far have a shell. Only what is named by its digest is remembered: tags move. */
const shells = new Map<string, boolean>();

/** Opens a shell in a running container, in a terminal. Where the image has none, it says so. */
export async function openContainerTerminal(
  folders: Folders,
  output: LogOutputChannel,
  argument: unknown,
): Promise<void> {
  const target = await chooseApp(folders, argument, ({ pods }) => pods.some(({ containers }) => containers.some(runs)));
  const choice = target && (await chooseContainer(target));
  if (!choice) return;
  const { place, image } = choice;
  const { toolbox, root } = choice.target.folder.session;
  const shell = await knownOrAsked(choice);
  if (!shell) {
    output.info(`${place.pod}/${place.container}: no shell in ${image}`);
    await tellNoShell(choice);
    return;
  }
  const { shellCommand } = await loadCore();
  const { program, args } = await shellCommand(toolbox, place);
  const name = `${place.container} · ${place.pod}`;
  window.createTerminal({ name, shellPath: program, shellArgs: [...args], cwd: root, isTransient: true }).show();
}

interface Choice {
  readonly target: AppTarget;
  readonly place: ContainerPlace;
  readonly image: string;
}

async function chooseContainer(target: AppTarget): Promise<Choice | undefined> {
  const app = pictureOf(target);
  const { access } = target.folder.picture.runtime;
  if (!app || !access) return undefined;
  const running = runningContainers(app).filter(
    ({ pod, container }) =>
      (target.pod === undefined || pod === target.pod) &&
      (target.container === undefined || container === target.container),
  );
  if (running.length === 0) {
    void showInformation(l10n.t('{0} has no running container.', app.name));
    return undefined;
  }
  const choices = running.map(({ pod, container, image }) => ({
    label: container,
    description: pod,
    value: { target, image, place: { access, namespace: app.namespace, pod, container } },
  }));
  return pick(choices, l10n.t('Choose a container'));
}

function runningContainers({ pods }: AppPicture) {
  return pods
    .filter(({ deleting }) => !deleting)
    .flatMap(({ name: pod, containers }) =>
      containers.filter(runs).map(({ name: container, image }) => ({ pod, container, image })),
    );
}

function runs({ state }: { readonly state: string }): boolean {
  return state === 'running';
}

/** @throws Cancelled when the user does not want to wait; ToolFailure when the container cannot be asked. */
async function knownOrAsked({ target, place, image }: Choice): Promise<boolean> {
  const known = shells.get(image);
  if (known !== undefined) return known;
  const { hasShell } = await loadCore();
  const options = {
    location: ProgressLocation.Notification,
    title: l10n.t('Looking for a shell in {0}', `${place.pod}/${place.container}`),
    cancellable: true,
  };
  const shell = await withProgress(options, async (_progress, token) => {
    const stopper = new AbortController();
    const listening = token.onCancellationRequested(() => stopper.abort());
    try {
      return await hasShell(target.folder.session.toolbox, place, stopper.signal);
    } finally {
      listening.dispose();
    }
  });
  if (image.includes('@sha256:')) shells.set(image, shell);
  return shell;
}

async function tellNoShell({ target, place }: Choice): Promise<void> {
  const showLog = l10n.t('Show Log');
  const message = l10n.t(
    'The image of {0} has no shell, so that no terminal can be opened in it. Its log tells what it does.',
    place.container,
  );
  if ((await showInformation(message, showLog)) !== showLog) return;
  const { pod, container } = place;
  await commands.executeCommand('velocitas.showLog', { target: { ...target, pod, container } });
}
