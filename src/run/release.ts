import { Failure } from '../base';
import { cacheFromRegistry, cacheToRegistry } from '../build';
import { jobOf } from './operations';
import { buildAndPushApp } from './push-app';
import { selectApps, type Session } from './session';
import { outcomeOf } from './steps';
import type { Outcome, RunEvent } from './types';

export interface PushBuildRequest {
  /** Ids or names; default: every app of the repository, of which there must be one only. */
  readonly apps?: readonly string[];
  /** `registry/path[:tag]`. */
  readonly push: string;
  /** Default, and `all`: those that the app declares. */
  readonly platforms?: readonly string[] | 'all';
  readonly noCache?: boolean;
  readonly sbom?: boolean;
  readonly provenance?: boolean;
  /** A reference that keeps the cache of the steps between builds, instead of those that `vapp.yaml` names. */
  readonly cache?: string;
}

/** An image in the registry of somebody's choice. */
export interface ReleaseImage {
  readonly app: string;
  /** Repository and tag. */
  readonly reference: string;
  /** Of the index, or of the image where there is no index: one platform, no attestations. */
  readonly digest: string;
  /** Repository and digest. */
  readonly image: string;
  readonly platforms: readonly string[];
}

/** Builds an app for all its platforms and pushes it as one image. No runtime is needed. */
export function pushBuild(
  session: Session,
  request: PushBuildRequest,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<Outcome<readonly ReleaseImage[]>> {
  const job = jobOf(session, emit, signal);
  return outcomeOf(async () => {
    const repository = await job.steps.run('read', undefined, () => session.readValid());
    const apps = selectApps(repository, request.apps);
    const [app] = apps;
    if (!app || apps.length > 1) throw pushNeedsOneApp(apps.map(({ id }) => id));
    const { push, noCache, sbom, provenance, cache, platforms = 'all' } = request;
    const pushed = await buildAndPushApp(job, app, {
      push,
      ...(app.target === undefined ? {} : { target: app.target }),
      platforms: platforms === 'all' ? app.platforms : platforms,
      ...(noCache === undefined ? {} : { noCache }),
      ...(sbom === undefined ? {} : { sbom }),
      ...(provenance === undefined ? {} : { provenance }),
      keepSteps: true,
      ...(cache === undefined ? {} : { cacheFrom: [cacheFromRegistry(cache)], cacheTo: [cacheToRegistry(cache)] }),
    });
    const { reference, repository: name, digest } = pushed;
    return [{ app: app.id, reference, digest, image: `${name}@${digest}`, platforms: pushed.platforms }];
  }, signal);
}

function pushNeedsOneApp(ids: readonly string[]): Failure {
  return new Failure({
    code: 'push-needs-one-app',
    fault: 'usage',
    summary: `One repository takes one app, but ${ids.length} would be pushed there.`,
    nextSteps: [`Name the app as well: one of ${ids.join(', ')}.`],
  });
}
