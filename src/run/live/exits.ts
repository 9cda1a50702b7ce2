import { Failure } from '../../base';
import type { ProgramExit } from '../../live';
import type { App } from '../../project';
import { KubeApi, type ClusterAccess } from '../../tools';
import { locatingInSources } from '../explaining';
import type { Job } from '../images';

/** As much of the log is looked at for the reason, lines. */
const LAST_LINES = 25;

/** Says that the app has ended by itself, why, and at which line of the sources. */
export async function explainExit(job: Job, app: App, access: ClusterAccess, exit: ProgramExit): Promise<void> {
  const summary = `${app.id} ended with exit code ${exit.code}.`;
  const explanation = await explained(job, summary, await lastLines(access, app, exit));
  const next = `It is started again in ${Math.round(exit.pauseMs / 1000)} s, or with your next change.`;
  job.emit({ type: 'warning', app: app.id, message: `${summary} ${next}`, explanation });
}

async function explained(job: Job, summary: string, evidence: readonly string[]): Promise<Failure> {
  const failure = new Failure({ code: 'app-exited', fault: 'app', summary, evidence });
  try {
    return await locatingInSources(job.session.root, () => Promise.reject(failure));
  } catch (located) {
    return located instanceof Failure ? located : failure;
  }
}

/** What it has written since it was started; before that another version wrote into the same log. */
async function lastLines(access: ClusterAccess, { namespace }: App, { pod, since }: ProgramExit): Promise<string[]> {
  let api: KubeApi | undefined;
  try {
    api = await KubeApi.open(access);
    const query = { tailLines: LAST_LINES, timestamps: true };
    const text = await api.text(`/api/v1/namespaces/${namespace}/pods/${pod}/log`, query);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => ({ time: line.slice(0, line.indexOf(' ')), words: line.slice(line.indexOf(' ') + 1) }))
      .filter(({ time }) => Date.parse(time) >= since)
      .map(({ words }) => words);
  } catch (error) {
    // Without its words there is still the exit code.
    if (error instanceof Failure) return [];
    throw error;
  } finally {
    api?.close();
  }
}
