import type { V1Pod } from '@kubernetes/client-node';
import { Changes } from './changes';
import { isRefusal, type PatientApi } from './patient-api';

/** What is known of one pod, by its uid: one of the same name is another one. */
export class TrackedPod {
  readonly changes = new Changes();
  private current: V1Pod;
  private gone = false;
  private readonly starts = new Map<string, number>();

  constructor(
    pod: V1Pod,
    private readonly api: PatientApi,
    /** Whether it was there already when following began. */
    readonly initial: boolean,
  ) {
    this.current = pod;
  }

  get name(): string {
    return this.current.metadata?.name ?? '';
  }

  get uid(): string {
    return this.current.metadata?.uid ?? '';
  }

  /** Latest state known; after deletion the last one. */
  get pod(): V1Pod {
    return this.current;
  }

  get deleted(): boolean {
    return this.gone;
  }

  get path(): string {
    return podPath(this.current.metadata?.namespace ?? '', this.name);
  }

  /** How many starts of a container the kubelet has told of, apart from what the status says. */
  startsOf(container: string): number {
    return this.starts.get(container) ?? 0;
  }

  noteStart(container: string): void {
    this.starts.set(container, this.startsOf(container) + 1);
    this.changes.changed();
  }

  update(pod: V1Pod): void {
    if (this.gone || isOlder(pod, this.current)) return;
    this.current = pod;
    this.changes.changed();
  }

  markDeleted(last?: V1Pod): void {
    if (this.gone) return;
    if (last && !isOlder(last, this.current)) this.current = last;
    this.gone = true;
    this.changes.changed();
  }

  /** Asks the API for the present state, however long it takes to get an answer. @throws Cancelled. */
  async refresh(): Promise<void> {
    try {
      const pod = await this.api.persist(() => this.api.get<V1Pod>(this.path));
      if (pod.metadata?.uid === this.uid) this.update(pod);
      else this.markDeleted();
    } catch (error) {
      if (!isRefusal(error) || error.status !== 404) throw error;
      this.markDeleted();
    }
  }
}

export function podPath(namespace: string, name?: string): string {
  const pods = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  return name === undefined ? pods : `${pods}/${encodeURIComponent(name)}`;
}

/** Answers of a watch and of single requests may overtake each other. Versions of one object compare as numbers. */
function isOlder(pod: V1Pod, than: V1Pod): boolean {
  return Number(pod.metadata?.resourceVersion) < Number(than.metadata?.resourceVersion);
}
