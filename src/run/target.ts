import type { App } from '../project';
import type { Runtime } from '../runtime';
import type { ClusterAccess } from '../tools';
import type { GivenImage } from './given-image';
import type { DeployedApp } from './old-revisions';

/** A cluster that takes deployments. */
export type Reached = Pick<Runtime, 'access' | 'services'>;

/** Which image of an app is wanted; default: the one that its sources make. */
export interface ImageRequest {
  /** This one, as it is, instead. */
  readonly image?: string;
  /** Of an image that is named and is an index, or of tests that are built, the platform. */
  readonly platform?: string;
  /** False: the image built last. Only the local runtime knows it. */
  readonly build?: boolean;
  readonly noCache?: boolean;
  /** The image of the integration tests, which this stage of the Dockerfile makes, instead of the app's own. */
  readonly tests?: { readonly stage: string };
}

/** Where apps run: the local runtime, or a cluster that somebody else looks after. */
export interface Target {
  /** The app as it is deployed there. */
  placed(app: App): App;
  /** Begins to make it ready; images can be brought there from now on. */
  begin(): Promise<void>;
  /** Settles when apps can be deployed, after {@link begin}. */
  reached(): Promise<Reached>;
  /**
   * How to reach what runs there already; images can be brought there from then on, too.
   *
   * @throws Failure `runtime-not-running`, `context-*`.
   */
  access(): Promise<ClusterAccess>;
  /** Brings an image of an app to where the nodes pull it from. */
  image(app: App, request: ImageRequest): Promise<GivenImage>;
  /** Does work on a release of ours, which ends when the cluster does. @throws Failure when the release is not ours. */
  whileThere<T>(app: App, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Takes away what a new revision of an app has left behind. */
  tidy(deployed: DeployedApp): Promise<void>;
  /** Takes away what a whole run has left behind. */
  end(): Promise<void>;
}
