import type { LocalRuntime, RegistryAddress, Runtime } from '../runtime';
import { provideImage, type Job } from './images';

/** A runtime on its way up: its registry comes first, the rest later. */
export interface StartingRuntime {
  readonly registry: Promise<RegistryAddress>;
  readonly runtime: Promise<Runtime>;
}

/** Creates or resumes the runtime. The services become ready in a step of their own, for which no app has to wait. */
export function startRuntime(job: Job, local: LocalRuntime): StartingRuntime {
  let registryReady!: (address: RegistryAddress) => void;
  let registryFailed!: (reason: unknown) => void;
  const registry = new Promise<RegistryAddress>((resolve, reject) => {
    registryReady = resolve;
    registryFailed = reject;
  });
  const up = job.steps.run('runtime', undefined, async (reporter) => {
    const started = await local.up({
      signal: job.signal,
      onEvent: (event) => {
        if (event.type === 'progress') reporter.progress(event.message);
        job.emit({ type: 'runtime', event });
      },
      onRegistry: registryReady,
      provideImage: (image, address) => provideImage(job, image, address),
    });
    reporter.result(started.cluster);
    return started;
  });
  up.then((started) => {
    registryReady(started.registry);
    servicesBecomeReady(job, started.servicesReady);
  }, registryFailed);
  // Both may fail before anyone waits for them; whoever waits still gets the failure.
  registry.catch(() => undefined);
  up.catch(() => undefined);
  return { registry, runtime: up };
}

function servicesBecomeReady(job: Job, ready: Promise<void>): void {
  // A service that does not come up is shown as a failed step; the app itself may well run without it.
  job.steps.run('services', undefined, () => ready).catch(() => undefined);
}
