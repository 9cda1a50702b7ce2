import { Failure } from '../base';
import { parseReference } from '../build';
import { packageChart } from '../deploy';
import { serviceEndpoints } from '../runtime';
import { appDefaults } from './environment';
import { selectApps, type Session } from './session';
import { outcomeOf } from './steps';
import type { Outcome } from './types';

export interface PackageAppRequest {
  /** Id or name; default: the only app of the repository. */
  readonly app?: string;
  /** The image to run, pinned: `registry/path@sha256:…`. */
  readonly image: string;
  /** Of package and app, e.g. `1.2.3`. */
  readonly version: string;
  /** Absolute folder that takes the package. */
  readonly destination: string;
}

/** A Helm package of one app. */
export interface AppPackage {
  readonly app: string;
  readonly version: string;
  readonly image: string;
  /** Absolute. */
  readonly file: string;
}

/**
 * Packs an app's chart, its own or the built-in one, with all that it needs to run the image: to be pushed to a
 * registry and installed anywhere. Neither Docker nor a runtime is needed.
 */
export function packageApp(
  session: Session,
  request: PackageAppRequest,
  signal?: AbortSignal,
): Promise<Outcome<AppPackage>> {
  return outcomeOf(async () => {
    const repository = await session.readValid();
    const apps = selectApps(repository, request.app === undefined ? [] : [request.app]);
    const [app] = apps;
    if (!app || apps.length > 1) throw packageNeedsOneApp(apps.map(({ id }) => id));
    const { name, digest } = parseReference(request.image);
    if (digest === undefined) throw notPinned(request.image);
    const { version, destination } = request;
    const file = await packageChart(
      {
        name: app.id,
        version,
        chartPath: session.chartPath(app),
        chart: app.chart,
        image: { repository: name, digest },
        // The names of the services are those of the chart `runtime-services`, by which they were tested.
        defaults: appDefaults(
          app,
          serviceEndpoints(repository.services, [], ({ host }) => String(host)),
        ),
        destination,
      },
      { toolbox: session.toolbox, signal },
    );
    return { app: app.id, version, image: `${name}@${digest}`, file };
  }, signal);
}

function notPinned(image: string): Failure {
  return new Failure({
    code: 'image-not-pinned',
    fault: 'usage',
    summary: `A package names its image by digest, which '${image}' does not.`,
    nextSteps: ['Write it like ghcr.io/your-organization/your-app@sha256:…; `vapp build --push` tells the digest.'],
  });
}

function packageNeedsOneApp(ids: readonly string[]): Failure {
  return new Failure({
    code: 'package-needs-one-app',
    fault: 'usage',
    summary: `A package holds one app, but this repository has ${ids.length}.`,
    nextSteps: [`Name the app as well: one of ${ids.join(', ')}.`],
  });
}
