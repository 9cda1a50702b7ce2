/** The parts of a pod that explaining looks at, as the Kubernetes API writes them. */
export interface PodFacts {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly restartPolicy?: string };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly PodCondition[];
    readonly initContainerStatuses?: readonly ContainerFacts[];
    readonly containerStatuses?: readonly ContainerFacts[];
  };
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface ContainerFacts {
  readonly name: string;
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: Termination;
}

export interface Termination {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** What Kubernetes recorded of an object as an event of the type Warning. */
export interface Warning {
  readonly reason: string;
  readonly message: string;
}

/** What is known beside the pod itself. */
export interface PodCircumstances {
  /** Of the pod, oldest first. */
  readonly warnings?: readonly Warning[];
  /** Whether other pods are on their way out, whose room this one may get. */
  readonly othersLeave?: boolean;
  /** The last lines of the container that ended. */
  readonly lastWords?: readonly string[];
  /** Whether nobody waits any longer: then what may still change is an answer, too. */
  readonly timeUp?: boolean;
}
