import type { Failure } from '../base';
import type { ClusterAccess } from '../tools';

/** `unknown`: Docker did not answer, or answered with an error. It never leads to create or delete. */
export type RuntimeState = 'running' | 'stopped' | 'absent' | 'unknown';

/** What a process of this machine may be doing to a runtime. */
export type RuntimeActivity = 'starting' | 'stopping' | 'deleting';

export interface RuntimeStatus {
  readonly state: RuntimeState;
  /** Why the state is unknown. */
  readonly failure?: Failure;
  readonly cluster: string;
  readonly nodes: readonly { readonly name: string; readonly role: string; readonly state: string }[];
  readonly registry?: RegistryAddress;
  readonly services: readonly ServiceEndpoint[];
  readonly access?: ClusterAccess;
}

export interface RegistryAddress {
  /** Where this machine pushes to, e.g. `localhost:41234`. */
  readonly push: string;
  /** How this process reaches it itself, where that is another way: from a container of the engine. Host and port. */
  readonly direct?: string;
  /** What images are called inside the cluster; the nodes' mirror configuration leads it to the registry container. */
  readonly pull: string;
}

export interface ServiceEndpoint {
  readonly id: string;
  /** DNS name and port inside the cluster, e.g. `mqtt-broker:1883`. */
  readonly cluster: string;
  /** Address for the developer: `localhost:31883`, or in a container of the engine `k3d-vapp-x-server-0:31883`. */
  readonly local?: string;
}

export type RuntimeEvent =
  | { readonly type: 'progress'; readonly message: string }
  | { readonly type: 'state'; readonly state: RuntimeState | RuntimeActivity }
  | { readonly type: 'warning'; readonly message: string };

/** A running runtime. */
export interface Runtime {
  readonly cluster: string;
  readonly access: ClusterAccess;
  readonly registry: RegistryAddress;
  readonly services: readonly ServiceEndpoint[];
}
