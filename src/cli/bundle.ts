import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  Session,
  Toolbox,
  dockerClient,
  findRepository,
  formatBytes,
  loadBundle,
  outcomeOf,
  placeOf,
  readMachine,
  saveBundle,
} from '../core';
import type { BundlePlace, LoadedBundle, Outcome, RunEvent, SavedBundle, SessionOptions } from '../run';
import type { Style } from './style';

type Emit = (event: RunEvent) => void;

/** How the commands of `vapp bundle` are carried out and shown. */
export interface BundleCommands {
  readonly version: string;
  readonly signal: AbortSignal;
  /** Where and with what `vapp` runs. */
  readonly options: () => SessionOptions;
  /** Runs a job in the workspace. */
  readonly inWorkspace: <T>(
    job: (session: Session, emit: Emit) => Promise<Outcome<T>>,
    text: (value: T, style: Style) => string,
  ) => Promise<void>;
  /** Runs a job that needs no workspace. */
  readonly anywhere: <T>(
    job: (emit: Emit) => Promise<Outcome<T>>,
    text: (value: T, style: Style) => string,
  ) => Promise<void>;
}

const SAVE_HELP = `
The bundle holds the images of nodes, registry, services and Dockerfiles (FROM), the tools k3d, helm, kubectl, docker and
buildx, vapp and Node. What the nodes need is asked of a running one, so the runtime is started, and goes on.

What the steps of a Dockerfile download (pip install, apt-get …) is not in the images it builds upon. With --with-apps the
apps are built and packed too, with the cache of their steps. Where the bundle is loaded, vapp run then needs the network
only for steps whose inputs have changed: for the app's dependencies, not for its own source. vapp deploy needs none.

No credentials are packed. An app's image holds what its Dockerfile puts into it.`;

const LOAD_HELP = `
The bundle is checked as a whole first. Then its images are loaded into Docker, and its tools are put into
$XDG_DATA_HOME/vscode-velocitas/tools/bin, where vapp finds them when the PATH has none. In the folder of a Vehicle App,
apps that were packed and have not been built here yet can be deployed at once: vapp deploy.`;

/** Adds `bundle save` and `bundle load`. */
export function addBundleCommands(program: Command, commands: BundleCommands): void {
  const { signal } = commands;
  const bundle = program
    .command('bundle')
    .description('pack all that a run needs into a file, for machines without internet');

  bundle
    .command('save')
    .description('pack images and tools into a file')
    .argument('<file>', 'the bundle to write; it is replaced if it is there')
    .option('--with-apps', 'pack the images of the apps too, with the build cache of their steps')
    .addHelpText('after', SAVE_HELP)
    .action((file: string, { withApps = false }: { withApps?: boolean }) => {
      const vapp = { version: commands.version, packageDirectory: packageOf(commands.options()) };
      return commands.inWorkspace(
        (session, emit) => saveBundle(session, { file: resolve(file), withApps, vapp }, emit, signal),
        savedText,
      );
    });

  bundle
    .command('load')
    .description('load images and tools out of a file')
    .argument('<file>', 'a bundle that `vapp bundle save` made')
    .addHelpText('after', LOAD_HELP)
    .action((file: string) =>
      commands.anywhere(async (emit) => {
        const place = await outcomeOf(() => placeFor(commands.options()));
        return place.status === 'done' ? loadBundle(place.value, resolve(file), emit, signal) : place;
      }, loadedText),
    );
}

/** The workspace around the folder if there is one: its apps get what was packed for them. */
async function placeFor(options: SessionOptions): Promise<BundlePlace> {
  if ((await findRepository(options.directory)) !== undefined) return placeOf(await Session.open(options));
  const toolbox = new Toolbox((await readMachine(options.env)).env);
  return { toolbox, docker: () => dockerClient(toolbox) };
}

/** The charts are in `templates/charts` of the package. */
function packageOf({ chartsDirectory }: SessionOptions): string {
  return join(chartsDirectory, '..', '..');
}

function savedText({ file, size, images, tools }: SavedBundle): string {
  return `${file}  ${formatBytes(size)}, ${images.length} images, ${tools.length} tools`;
}

function loadedText({ images, tools, toolsDirectory }: LoadedBundle, style: Style): string {
  const lines = [
    ...images.map(({ name, purpose }) => `  ${name}  ${style.faint(purpose)}`),
    ...tools.map(({ name, version }) => `  ${name} ${version}  ${style.faint(join(toolsDirectory, name))}`),
  ];
  return lines.join('\n');
}
