import { Failure, isCancelled, messageOf } from '../../src/base';
import type { CacheEntry, OfficialHost, Recipe, StackContext } from './types';

/** One way to get a part. */
export interface Source {
  /** For people: `github.com/k3d-io/k3d release`. */
  readonly label: string;
  /** The publisher's host that must answer; without one, package registries serve it. */
  readonly host?: OfficialHost;
  readonly recipe: Recipe;
  /** Fills the empty folder. */
  make(folder: string, report: (detail: string) => void): Promise<void>;
}

/** The sources worth trying, in order: those of publishers that do not answer are left out. */
export function usableSources<S extends Pick<Source, 'host'>>(
  sources: readonly S[],
  reachable: (host: OfficialHost) => boolean,
): S[] {
  return sources.filter((source) => source.host === undefined || reachable(source.host));
}

/** The first of the sources that the cache already has. */
export async function findPart(context: StackContext, sources: readonly Source[]): Promise<CacheEntry | undefined> {
  for (const source of sources) {
    const entry = await context.cache.find(source.recipe);
    if (entry) return entry;
  }
  return undefined;
}

/**
 * A part from the cache, else from the first source that delivers it. What fails its checksum is refused for good: a
 * wrong download is no reason to look elsewhere.
 *
 * @throws Failure `part-unavailable` with the reason of every source.
 */
export async function acquirePart(
  context: StackContext,
  name: string,
  sources: readonly Source[],
  report: (detail: string) => void,
): Promise<CacheEntry> {
  const found = await findPart(context, sources);
  if (found) return found;

  const usable = usableSources(sources, (host) => context.reachable(host));
  const reasons = sources
    .filter((source) => !usable.includes(source))
    .map((source) => `${source.label}: ${source.host ?? ''} does not answer`);
  for (const source of usable) {
    try {
      report(source.label);
      return await context.cache.ensure(source.recipe, async (folder) => {
        await source.make(folder, (detail) => report(`${source.label}: ${detail}`));
        return source.label;
      });
    } catch (error) {
      if (isCancelled(error, context.signal)) throw error;
      if (error instanceof Failure && error.code === 'checksum-mismatch') throw error;
      reasons.push(`${source.label}: ${messageOf(error)}`, ...(error instanceof Failure ? error.evidence : []));
      if (source !== usable.at(-1)) context.progress.note(`${name}: ${source.label} failed: ${messageOf(error)}`);
    }
  }
  throw new Failure({
    code: 'part-unavailable',
    fault: 'environment',
    summary: `${name} could not be had from any of its sources.`,
    evidence: reasons,
    nextSteps: ['Check the network and the package registries, then run `npm run setup` again: it resumes.'],
  });
}
