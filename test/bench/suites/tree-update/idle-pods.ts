/** Reasons for which a container waits, as it is on its way: nobody finds fault with either. */
const REASONS = ['ContainerCreating', 'PodInitializing'] as const;

export type Reason = (typeof REASONS)[number];

/** An update of a pod as a watch tells of it. */
export interface PodUpdate {
  readonly name: string;
  /** Why its container waits. */
  readonly reason: string;
}

/** So many requests at a time. */
const PARALLEL = 16;

/**
 * Pods that are objects of the API alone: a scheduler that does not exist is to place them, so no kubelet runs them and
 * no controller takes them for its own, since nobody owns them and they lie on no node that could be missing. Their
 * status is what is patched here.
 */
export class IdlePods {
  private readonly names: string[] = [];
  private readonly reasons = new Map<string, Reason>();

  /**
   * @param api URL of the API as plain HTTP.
   * @param labels that the pods have.
   * @param prefix of their names.
   */
  constructor(
    private readonly api: string,
    private readonly namespace: string,
    private readonly labels: Readonly<Record<string, string>>,
    private readonly prefix: string,
  ) {}

  /** Brings and takes pods until there are so many. */
  async scale(count: number): Promise<void> {
    while (this.names.length > count) {
      const names = this.names.splice(Math.max(count, this.names.length - PARALLEL));
      await Promise.all(names.map((name) => this.send('DELETE', `/${name}?gracePeriodSeconds=0`)));
    }
    while (this.names.length < count) {
      const first = this.names.length;
      const names = Array.from({ length: Math.min(PARALLEL, count - first) }, (_, index) => this.nameOf(first + index));
      await Promise.all(names.map((name) => this.create(name)));
      this.names.push(...names);
    }
  }

  /** Lets the container of one of the pods wait for another reason; answers which, when the server has. */
  async update(index: number): Promise<PodUpdate> {
    const name = this.names[index % this.names.length] ?? '';
    const reason = this.reasons.get(name) === REASONS[0] ? REASONS[1] : REASONS[0];
    await this.patch(name, reason);
    return { name, reason };
  }

  /** Hands on the updates of the namespace's pods from now on, until the signal fires. */
  async watch(onUpdate: (update: PodUpdate) => void, signal: AbortSignal): Promise<void> {
    const list = await fetch(this.address('?limit=1'), { signal });
    const { metadata } = (await list.json()) as { metadata: { resourceVersion: string } };
    const { body } = await fetch(this.address(`?watch=true&resourceVersion=${metadata.resourceVersion}`), { signal });
    void readUpdates(body, onUpdate).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  private async create(name: string): Promise<void> {
    await this.send('POST', '', 'application/json', {
      metadata: { name, labels: this.labels },
      spec: {
        schedulerName: 'nobody',
        automountServiceAccountToken: false,
        containers: [{ name: 'app', image: 'registry.invalid/nothing' }],
      },
    });
    await this.patch(name, REASONS[0]);
  }

  private async patch(name: string, reason: Reason): Promise<void> {
    this.reasons.set(name, reason);
    const container = { name: 'app', image: '', imageID: '', ready: false, restartCount: 0 };
    await this.send('PATCH', `/${name}/status`, 'application/merge-patch+json', {
      status: {
        // That nobody's patience with it ends meanwhile: to be on the way for long is a failure.
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: inAnHour() }],
        containerStatuses: [{ ...container, state: { waiting: { reason } } }],
      },
    });
  }

  private async send(method: string, path: string, type?: string, body?: object): Promise<void> {
    const response = await fetch(this.address(path), {
      method,
      ...(type === undefined ? {} : { headers: { 'content-type': type }, body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${answer}`);
  }

  private nameOf(index: number): string {
    return `${this.prefix}-${String(index).padStart(4, '0')}`;
  }

  private address(path: string): string {
    return `${this.api}/api/v1/namespaces/${this.namespace}/pods${path}`;
  }
}

async function readUpdates(body: ReadableStream<Uint8Array> | null, onUpdate: (update: PodUpdate) => void) {
  if (!body) throw new Error('the API server answers a watch with nothing');
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { object } = JSON.parse(line) as { object: WatchedPod };
      const reason = object.status?.containerStatuses?.[0]?.state.waiting?.reason;
      if (reason !== undefined) onUpdate({ name: object.metadata.name, reason });
    }
  }
}

interface WatchedPod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly containerStatuses?: readonly { readonly state: { readonly waiting?: { readonly reason: string } } }[];
  };
}

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, '');
}
