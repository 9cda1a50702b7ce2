/** What Kubernetes recorded of an object as an event of the type Warning. */
export interface KubeWarning {
  readonly reason: string;
  readonly message: string;
}

/** What is known of a pod beside itself. Who watches pods finds it out, who explains them goes by it. */
export interface PodSurroundings {
  /** Of the pod, oldest first. */
  readonly warnings?: readonly KubeWarning[];
  /** Whether other pods of the workload are on their way out, whose room this one may get. */
  readonly othersLeave?: boolean;
  /** Keys of the taints that nodes have; absent: nobody has looked. The scheduler does not always name them. */
  readonly taints?: readonly string[];
  /** How long the taints have been these, as far as it has been watched, milliseconds; absent: for ever. */
  readonly taintsLastedMs?: number;
  /** The last lines of its containers that ended. */
  readonly lastWords?: readonly string[];
  /** Whether nobody waits any longer: then what may still change is an answer, too. */
  readonly timeUp?: boolean;
}
