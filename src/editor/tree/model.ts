import type { Problem } from '../../base';
import type { WorkspacePicture } from '../../state';
import type { RunningJob } from '../jobs';
import type { LivePicture } from '../live-state';
import { jobWords, stepWords } from '../words';
import { appNode, type ForwardPicture } from './app-nodes';
import { row, type L10n, type TreeNode } from './node';
import { runtimeNode } from './runtime-nodes';
import { failureNode, problemNode } from './trouble-nodes';

/** What the tree shows of one folder. */
export interface FolderView {
  /** Unique among the folders of the window. */
  readonly key: string;
  readonly name: string;
  readonly picture: WorkspacePicture;
  /** What is being done. */
  readonly jobs: readonly Pick<RunningJob, 'apps' | 'title' | 'steps'>[];
  readonly live: readonly LivePicture[];
  readonly forwards: readonly ForwardPicture[];
}

/**
 * The rows at the top, with all below them. One folder's rows stand alone; several folders have a row each.
 *
 * Of one folder in which nothing runs there are none: then the view says what can be done, by `viewsWelcome` of
 * package.json, whose when-clauses tell the states apart. As soon as something runs, is being done, or is wrong with the
 * files, there are rows, whatever is wrong with Docker: the runtime's row says it.
 */
export function treeNodes(folders: readonly FolderView[], l10n: L10n): readonly TreeNode[] {
  const [only] = folders;
  if (folders.length === 1 && only) return hasSomethingToShow(only) ? folderNodes(only, l10n) : [];
  return folders.map((folder) =>
    row({
      id: folder.key,
      label: folder.name,
      description: folder.picture.root,
      icon: 'root-folder',
      context: 'folder',
      subject: {},
      open: true,
      children: folderNodes(folder, l10n),
    }),
  );
}

/** What is wrong with files that belong to no app, the apps, and the runtime. */
function folderNodes(folder: FolderView, l10n: L10n): readonly TreeNode[] {
  const { key, picture, jobs } = folder;
  const { failure, apps, runtime, engine } = picture;
  return [
    ...(failure ? [failureNode(failure, `${key}/failure`, {}, l10n)] : []),
    ...problemsOfNoApp(picture).map((problem, index) => problemNode(problem, `${key}/problem/${index}`, {}, l10n)),
    ...(apps.length === 0 ? [] : [appsNode(folder, l10n)]),
    runtimeNode(runtime, engine, { l10n, prefix: key, work: workOnRuntime(jobs, l10n) }),
  ];
}

function appsNode({ key, picture, jobs, live, forwards }: FolderView, l10n: L10n): TreeNode {
  return row({
    id: `${key}/apps`,
    label: l10n.t('Apps'),
    icon: 'rocket',
    context: 'apps',
    subject: {},
    open: true,
    children: picture.apps.map((app) =>
      appNode(app, {
        l10n,
        prefix: key,
        runtime: picture.runtime,
        work: workOn(jobs, app.id, l10n),
        live: live.find(({ apps }) => apps.includes(app.id)),
        forwards: forwards.filter((forward) => forward.app === app.id),
      }),
    ),
  });
}

/** Equal problems need not be the same objects: a list shares with the list before it, not with another. */
function problemsOfNoApp({ problems, apps }: WorkspacePicture): readonly Problem[] {
  const ofApps = new Set(apps.flatMap((app) => app.problems.map((problem) => JSON.stringify(problem))));
  return problems.filter((problem) => !ofApps.has(JSON.stringify(problem)));
}

function hasSomethingToShow({ picture, jobs }: FolderView): boolean {
  const { runtime, problems, engine } = picture;
  const { activity } = runtime;
  if (jobs.length > 0 || problems.length > 0 || picture.failure || runtime.state === 'running') return true;
  // Why the engine is away is what the view says by itself; anything else that failed is a row.
  return activity === 'stopping' || activity === 'deleting' || (engine.state === 'up' && runtime.failure !== undefined);
}

/** The newest job counts: one before it is only ending. */
function workOn(jobs: FolderView['jobs'], app: string, l10n: L10n): string | undefined {
  const job = jobs.findLast(({ apps }) => apps.includes(app));
  if (!job) return undefined;
  const steps = job.steps.filter((step) => step.app === undefined || step.app === app);
  return jobWords({ title: job.title, apps: [app], steps }, l10n);
}

function workOnRuntime(jobs: FolderView['jobs'], l10n: L10n): string | undefined {
  for (const { title, apps, steps } of jobs.toReversed()) {
    const step = steps.find((candidate) => candidate.step === 'runtime' || candidate.step === 'services');
    if (step) return stepWords(step, l10n);
    if (apps.length === 0) return title;
  }
  return undefined;
}
