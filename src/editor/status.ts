import { appState, appWords } from './tree/app-nodes';
import type { FolderView } from './tree/model';
import { liveWords, shortLiveWords } from './live-words';
import { visible, type L10n, type TooltipLine } from './tree/node';
import { failureLines, runtimeTrouble } from './tree/trouble-nodes';
import { runtimeWord, stepWords } from './words';

/** What the status bar says. */
export interface Status {
  readonly icon: string;
  readonly text: string;
  /** An app does not run and never will as it is. */
  readonly failing: boolean;
  readonly tooltip: readonly TooltipLine[];
  readonly spoken: string;
}

type Folder = Pick<FolderView, 'name' | 'picture' | 'jobs' | 'live'>;

/** The state of the window in a few words; undefined when no folder holds a repository. */
export function statusOf(folders: readonly Folder[], l10n: L10n): Status | undefined {
  const [folder] = folders;
  if (!folder) return undefined;
  const apps = folders.flatMap(({ picture }) => picture.apps);
  const failed = apps.find((app) => appState(app) === 'failing');
  const { icon, text } = summaryOf(folders, folder, failed?.name, l10n);
  // What looks like an icon in a name would become one.
  const harmless = visible(text).replaceAll('$(', '$ (');
  return {
    icon,
    text: harmless,
    failing: failed !== undefined,
    tooltip: folders.flatMap((each) => tooltipOf(each, l10n)),
    spoken: harmless.startsWith(PRODUCT) ? harmless : `${PRODUCT}, ${harmless}`,
  };
}

const PRODUCT = 'Velocitas';

function tooltipOf({ name, picture, live }: Folder, l10n: L10n): readonly TooltipLine[] {
  const { runtime, engine, apps, failure } = picture;
  return [
    { name, value: l10n.t('runtime {0}', runtimeWord(runtime, l10n)) },
    ...apps.map((app) => ({ name: app.name, value: appWords(app, runtime, l10n) })),
    ...live.map((update) => ({
      name: l10n.t('Live update'),
      value: liveWords(update, l10n) ?? l10n.t('saved files go into the app'),
    })),
    ...failureLines(failure ?? runtimeTrouble(runtime, engine), l10n),
  ];
}

function summaryOf(folders: readonly Folder[], shown: Folder, failed: string | undefined, l10n: L10n) {
  const job = folders.flatMap(({ jobs }) => jobs).at(-1);
  if (job) {
    const [current] = job.steps;
    return { icon: 'loading~spin', text: current ? stepWords({ step: current.step }, l10n) : job.title };
  }
  if (failed !== undefined) return { icon: 'error', text: l10n.t('{0} is failing', failed) };
  const updated = folders.find(({ live }) => live.length > 0);
  if (updated) return liveSummary(updated, l10n);
  const running = folders.find(({ picture }) => picture.runtime.state === 'running') ?? shown;
  const { engine, runtime, apps } = running.picture;
  const awaited = runtime.activity === 'starting';
  if (engine.state === 'missing' && !awaited) return { icon: 'warning', text: l10n.t('Docker is missing') };
  if (engine.state === 'down' && !awaited) return { icon: 'warning', text: l10n.t('Docker does not answer') };
  const deployed = apps.filter(({ release }) => release !== undefined);
  const [app] = deployed;
  if (runtime.activity !== undefined || runtime.state !== 'running' || !app) {
    const calm = runtime.state === 'running' ? 'vm-running' : 'vm-outline';
    return {
      icon: runtime.activity === undefined ? calm : 'loading~spin',
      text: l10n.t('Velocitas: runtime {0}', runtimeWord(runtime, l10n)),
    };
  }
  if (deployed.length === 1 && app.release) {
    return { icon: 'vm-running', text: l10n.t('{0} r{1}', app.name, app.release.revision) };
  }
  return { icon: 'vm-running', text: l10n.t('Velocitas: {0} apps', deployed.length) };
}

function liveSummary({ picture, live }: Folder, l10n: L10n) {
  const [update] = live;
  const names = picture.apps.filter(({ id }) => update?.apps.includes(id)).map(({ name }) => name);
  const words = update && shortLiveWords(update, l10n);
  return {
    icon: update?.troubles.length ? 'warning' : 'sync',
    text: [l10n.t('{0} live', names.join(', ')), ...(words === undefined ? [] : [words])].join(' · '),
  };
}
