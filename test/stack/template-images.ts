import { createContext, withSetupLock } from './context';
import { ensureEmulation } from './emulation';
import { stackEnvironment } from './environment';
import { ensureImages, ensureIndexes } from './images';
import { buildkit, debian, nodejs, python, TEMPLATE_IMAGES } from './images/catalog';
import { layoutFor } from './layout';
import type { Processor } from './platform';
import { probeOfficialHosts } from './probe';
import { ConsoleProgress } from './progress';
import { readState } from './state';
import type { StackContext } from './types';

/** Platforms that the templates are built for. */
const PROCESSORS: readonly Processor[] = ['amd64', 'arm64'];

/**
 * Brings the images that the templates' Dockerfiles build on into the engine. They are not part of `npm run setup`, which
 * is to be quick.
 *
 * @throws Failure when the stack is not up, or with the image that could not be had.
 */
export async function ensureTemplateImages(signal: AbortSignal): Promise<void> {
  await withContext(signal, (context) => ensureImages(context, TEMPLATE_IMAGES));
}

/**
 * As {@link ensureTemplateImages}, and for arm64 too wherever a final image builds on one; programs for arm64 and arm/v7
 * then run here. Cold this takes minutes, since Debian is set up under emulation.
 */
export async function ensureTemplatePlatforms(signal: AbortSignal): Promise<void> {
  await withContext(signal, async (context) => {
    await ensureEmulation(context, layoutFor());
    await ensureIndexes(context, [debian, python, nodejs], PROCESSORS);
    await ensureImages(context, TEMPLATE_IMAGES);
  });
}

/** Brings the image that builders in containers run. */
export async function ensureBuilderImage(signal: AbortSignal): Promise<void> {
  await withContext(signal, (context) => ensureImages(context, [buildkit]));
}

/** The setup lock keeps tests that run side by side from building the same. */
async function withContext(signal: AbortSignal, work: (context: StackContext) => Promise<void>): Promise<void> {
  await stackEnvironment();
  const layout = layoutFor();
  const progress = new ConsoleProgress();
  await withSetupLock(layout, progress, signal, async () => {
    const dockerHost = (await readState(layout))?.engine.host;
    const reachable = await probeOfficialHosts(signal);
    await work(createContext({ layout, reachable, progress, signal, ...(dockerHost !== undefined && { dockerHost }) }));
  });
}
