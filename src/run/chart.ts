import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, startOfFile } from '../base';
import { refuseLinksOut } from '../scaffold';
import { selectApps, type Session } from './session';
import { outcomeOf } from './steps';
import type { Outcome } from './types';

/**
 * Copies the built-in chart to `deploy/<app>/helm` of the repository, where it is found and used from then on.
 *
 * @returns the chart's folder, absolute. Fails with `chart-already-there` when the app has a chart or something else is
 * there, `link-outside-repository`.
 */
export function copyBuiltInChart(session: Session, app: string): Promise<Outcome<string>> {
  return outcomeOf(async () => {
    const repository = await session.read();
    const [{ id, name, chart } = noApp()] = selectApps(repository, [app]);
    if (chart.path !== undefined) throw alreadyThere(name.value, chart.path);
    await refuseLinksOut(repository.root, [`deploy/${id}/helm/Chart.yaml`]);
    const folder = join(repository.root, 'deploy', id, 'helm');
    // What is in it is somebody's, whether or not it is a chart.
    if ((await namesIn(folder)).length > 0) throw alreadyThere(name.value, folder);
    try {
      await cp(join(session.options.chartsDirectory, 'vehicle-app'), folder, { recursive: true });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    return folder;
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function noApp(): never {
  throw new Error('one name selects one app');
}

function alreadyThere(app: string, folder: string): Failure {
  return new Failure({
    code: 'chart-already-there',
    fault: 'usage',
    summary: `${app} already has a chart in ${folder}.`,
    range: startOfFile(join(folder, 'Chart.yaml')),
    nextSteps: ['Edit that one.'],
  });
}
