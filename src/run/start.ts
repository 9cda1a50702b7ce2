import type { LocalRuntime, RegistryAddress, Runtime } from '../runtime';
import { provideClusterImages } from './bundle-cluster';
import { provideImage, type Job } from './images';

/** A runtime on its way up: its registry comes first, the rest later. */
export interface StartingRuntime {
  readonly registry: Promise<RegistryAddress>;
  readonly runtime: Promise<Runtime>;
  /** Whether its nodes are being created or started right now. */
  readonly isStarting: () => boolean;
  /** Settles when the services of the runtime are ready. An app may run without it. */
  readonly services: Promise<void>;
}

/** Creates or resumes the runtime. The services become ready in a step of their own. */
export function startRuntime(job: Job, local: LocalRuntime): StartingRuntime {
  let registryReady!: (address: RegistryAddress) => void;
  let registryFailed!: (reason: unknown) => void;
  let isStarting = false;
  const registry = new Promise<RegistryAddress>((resolve, reject) => {
    registryReady = resolve;
    registryFailed = reject;
  });
  const up = job.steps.run('runtime', undefined, async (reporter) => {
    let clusterImages: Promise<void> = Promise.resolve();
    const started = await local.up({
      signal: job.signal,
      onEvent: (event) => {
        if (event.type === 'progress') reporter.progress(event.message);
        if (event.type === 'state') isStarting = event.state === 'starting';
        job.emit({ type: 'runtime', event });
      },
      onRegistry: (address, creating) => {
        registryReady(address);
        if (!creating) return;
        clusterImages = provideClusterImages(job, address);
        // Looked at below; a start that fails first must not turn this into an unhandled rejection.
        clusterImages.catch(() => undefined);
      },
      provideImage: (image, address) => provideImage(job, image, address),
    });
    await clusterImages;
    reporter.result(started.cluster);
    return started;
  });
  up.then((started) => registryReady(started.registry), registryFailed);
  const services = up.then((started) =>
    // A runtime without services has no step to show.
    started.services.length === 0
      ? started.servicesReady
      : job.steps.run('services', undefined, () => started.servicesReady),
  );
  // Each may fail before anyone waits for it; whoever waits still gets the failure.
  for (const promise of [registry, up, services]) promise.catch(() => undefined);
  return { registry, runtime: up, isStarting: () => isStarting, services };
}
