import { Failure } from '../../base';
import type { App } from '../../project';
import { KubeApi, type ClusterAccess } from '../../tools';
import { locatingInSources } from '../explaining';
import type { Job } from '../images';

/** As much of the log is looked at for the reason, lines. */
const LAST_LINES = 25;

interface Exit {
  readonly access: ClusterAccess;
  readonly pod: string;
  readonly code: number;
  /** After so long it is started again, milliseconds. */
  readonly pauseMs: number;
}

/** Says that the app has ended by itself, why, and at which line of the sources. */
export async function explainExit(job: Job, app: App, { access, pod, code, pauseMs }: Exit): Promise<void> {
  const summary = `${app.id} ended with exit code ${code}.`;
  const explanation = await explained(job, summary, await lastLines(access, app, pod));
  const next = `It is started again in ${Math.round(pauseMs / 1000)} s, or with your next change.`;
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

async function lastLines(access: ClusterAccess, { namespace }: App, pod: string): Promise<string[]> {
  const api = await KubeApi.open(access);
  try {
    const text = await api.text(`/api/v1/namespaces/${namespace}/pods/${pod}/log`, { tailLines: LAST_LINES });
    return text.trimEnd().split('\n');
  } catch (error) {
    // Without its words there is still the exit code.
    if (error instanceof Failure) return [];
    throw error;
  } finally {
    api.close();
  }
}
