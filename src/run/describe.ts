import { relative } from 'node:path';
import { type Session } from './session';
import { outcomeOf } from './steps';
import type { Outcome } from './types';

/** An app of a repository, as scripts and workflows want to know it. Paths are relative to the repository's root. */
export interface AppDescription {
  /** Name of its release, and the last part of its image's name. */
  readonly id: string;
  readonly name: string;
  /** Platforms of a release image, e.g. `linux/arm64`. */
  readonly platforms: readonly string[];
  readonly dockerfile: string;
  readonly context: string;
  /** Whether there is something for `vapp test` to run. */
  readonly hasIntegrationTests: boolean;
}

/** The apps of the repository; needs neither Docker nor a runtime. A repository with errors is a failure. */
export function describeApps(session: Session, signal?: AbortSignal): Promise<Outcome<readonly AppDescription[]>> {
  return outcomeOf(async () => {
    const { root, apps } = await session.readValid();
    return apps.map(({ id, name, platforms, dockerfile, context, testTarget }) => ({
      id,
      name: name.value,
      platforms,
      dockerfile: relative(root, dockerfile.value),
      context: relative(root, context) || '.',
      hasIntegrationTests: testTarget !== undefined,
    }));
  }, signal);
}
