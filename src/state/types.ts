import type { Failure, Problem } from '../base';
import type { PodDetails, Workload } from '../deploy';
import type { RegistryAddress, RuntimeActivity, RuntimeState } from '../runtime';
import type { ClusterAccess } from '../tools';

/**
 * Everything there is of one workspace, at one moment. It is never changed: a new one takes its place, and the parts
 * that are the same in both are the same objects, so that a renderer may compare them by identity.
 */
export interface WorkspacePicture {
  /** As the user named it. */
  readonly root: string;
  readonly engine: EnginePicture;
  readonly runtime: RuntimePicture;
  /** In the order of the repository's files. */
  readonly apps: readonly AppPicture[];
  /** All of the repository's files. */
  readonly problems: readonly Problem[];
  /** Why the repository cannot be read at all. */
  readonly failure?: Failure;
}

export interface EnginePicture {
  /**
   * `unknown` until it has been asked for the first time; `missing` when nothing listens and there is no docker CLI
   * either, so that Docker does not seem to be installed.
   */
  readonly state: 'unknown' | 'up' | 'down' | 'missing';
  /** Why it is down or missing. */
  readonly failure?: Failure;
}

export interface RuntimePicture {
  /** Undefined while the repository cannot be read. */
  readonly cluster?: string;
  readonly state: RuntimeState;
  /** What a process of this machine, this one included, is doing to it. */
  readonly activity?: RuntimeActivity;
  /** Why the state is unknown, or why its Kubernetes cannot be followed. */
  readonly failure?: Failure;
  /** How to reach it; only while it runs. */
  readonly access?: ClusterAccess;
  /** Whether releases, pods and readiness are known: they are the live ones then. */
  readonly followed: boolean;
  readonly nodes: readonly NodePicture[];
  readonly registry?: RegistryAddress;
  /** Those enabled; none while the runtime is absent. */
  readonly services: readonly ServicePicture[];
}

export interface NodePicture {
  readonly name: string;
  readonly role: string;
  /** Docker's word. */
  readonly state: string;
  /** What Kubernetes says; absent while it is not followed. */
  readonly ready?: boolean;
}

export interface ServicePicture {
  readonly id: string;
  /** DNS name and port inside the cluster; absent when it has no port. */
  readonly cluster?: string;
  /** Address on this machine, e.g. `localhost:31883`. */
  readonly local?: string;
  /** Absent while Kubernetes is not followed. */
  readonly ready?: boolean;
}

export interface AppPicture {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly files: AppFiles;
  /** Those of the workspace's problems that are in the app's own files. */
  readonly problems: readonly Problem[];
  /** Absent when there is none, or while Kubernetes is not followed. */
  readonly release?: ReleasePicture;
  /** The reference that its workloads name. */
  readonly image?: string;
  readonly workloads: readonly Workload[];
  /** In the order of their names. */
  readonly pods: readonly PodPicture[];
  /** What is wrong with it apart from its pods. */
  readonly troubles: readonly Trouble[];
}

/** Something that does not work. */
export interface Trouble {
  /** `warning`: the app runs all the same. */
  readonly severity: 'error' | 'warning';
  readonly failure: Failure;
}

/** Absolute paths. */
export interface AppFiles {
  readonly dockerfile: string;
  readonly manifest?: string;
  /** Folder; absent when the built-in chart is used. */
  readonly chart?: string;
}

export interface ReleasePicture {
  readonly revision: number;
  /** Helm's word: deployed, failed, pending-upgrade, … */
  readonly status: string;
  /** When this revision was begun, RFC 3339. */
  readonly updated: string;
  /** Name and version, e.g. `vehicle-app-0.1.0`; absent where a chart does not label its workloads. */
  readonly chart?: string;
}

export interface PodPicture extends PodDetails {
  /** Why it can never become ready as it is. */
  readonly failure?: Failure;
}
