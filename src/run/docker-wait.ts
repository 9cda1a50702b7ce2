import { Failure, asFailure, sleep } from '../base';
import { dockerFailure, pingDocker } from '../tools';
import type { Job } from './images';

/** How often the engine is asked, milliseconds. */
const POLL_MS = 250;
/** An engine that takes connections and says nothing is asked again after this long, milliseconds. */
const ANSWER_MS = 5000;
/** An address that cannot be used does not become usable by waiting. */
const HOPELESS = /^docker-host-/;

/**
 * Waits until the engine answers, as a step of the job. In a devcontainer it is started at the same time as this.
 *
 * @param limitMs longest wait, milliseconds.
 * @throws Failure `docker-not-running`, `docker-permission`, `docker-error` when it does not within that time.
 */
export function waitForDocker(job: Job, limitMs: number): Promise<void> {
  return job.steps.run('docker', undefined, async (reporter) => {
    const started = performance.now();
    for (;;) {
      const failure = await whyNot(job);
      if (!failure) return;
      if (HOPELESS.test(failure.code)) throw failure;
      if (performance.now() - started > limitMs) throw notInTime(failure, limitMs);
      reporter.progress(failure.summary);
      await sleep(POLL_MS, job.signal);
    }
  });
}

/** Why the engine cannot be used now; undefined when it can. */
async function whyNot({ session, signal }: Job): Promise<Failure | undefined> {
  const overdue = new AbortController();
  const limit = AbortSignal.any([overdue.signal, ...(signal ? [signal] : [])]);
  try {
    const answer = session.docker().then(pingDocker);
    const noAnswer = sleep(ANSWER_MS, limit).then(() => Promise.reject(new Error('no answer')));
    await Promise.race([answer, noAnswer]);
    return undefined;
  } catch (error) {
    if (signal?.aborted) throw error;
    return asFailure(error, {
      code: 'docker-not-running',
      fault: 'environment',
      summary: dockerFailure(error).summary,
    });
  } finally {
    overdue.abort();
  }
}

function notInTime({ code, summary, evidence, nextSteps }: Failure, limitMs: number): Failure {
  return new Failure({
    code,
    fault: 'environment',
    summary: `Docker could not be used within ${Math.round(limitMs / 1000)} s. ${summary}`,
    evidence,
    nextSteps,
  });
}
