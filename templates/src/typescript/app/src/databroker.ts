import { promisify } from 'node:util';
import type { ServiceError } from '@grpc/grpc-js';
import { Backoff } from './backoff';
import { info, warn } from './log';
import type { Address } from './settings';
import { openVal, type DataEntry, type EntryRequest, type SubscribeResponse, type ValClient } from './val';

const CALL_TIMEOUT_MS = 2000;
/** Until it is said that the app waits. */
const PATIENCE_MS = 1000;

/** Told of one signal. */
export interface Follower {
  /** Called at the start of each subscription. */
  onSubscribed(): void;
  /** Called with the current value at first, then with every change; undefined: not set yet. */
  onValue(value: number | undefined): void;
}

/** A client of the databroker (`kuksa.val.v1`), as far as this app needs it. */
export class Databroker {
  readonly #name: string;
  readonly #client: ValClient;
  #closed = false;

  constructor(address: Address) {
    this.#name = `grpc://${address.host}:${address.port}`;
    this.#client = openVal(address);
  }

  /** Ends all calls. */
  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  /** Resolves as soon as there is a connection. Says once that it waits. */
  async waitUntilReachable(): Promise<void> {
    const connected = promisify(this.#client.waitForReady.bind(this.#client));
    let waited = false;
    while (!this.#isClosed()) {
      try {
        await connected(Date.now() + PATIENCE_MS);
        if (waited) info('the databroker is reachable');
        return;
      } catch {
        // It knows no other error than that the time is over.
        if (!waited) warn(`waiting for the databroker at ${this.#name}`);
        waited = true;
      }
    }
  }

  /** Follows a signal until `close`; subscribes again when the connection is lost. */
  async follow(path: string, follower: Follower): Promise<void> {
    const backoff = new Backoff();
    let failing = false;
    while (!this.#isClosed()) {
      await this.waitUntilReachable();
      const reason = await this.#subscribe(path, {
        ...follower,
        onSubscribed: () => {
          failing = false;
          backoff.reset();
          follower.onSubscribed();
        },
        onValue: follower.onValue.bind(follower),
      });
      if (this.#isClosed()) return;
      if (!failing) warn(`the subscription at the databroker ended: ${reason}`);
      failing = true;
      await backoff.wait();
    }
  }

  /** The current value of a signal, undefined when it is not set yet. Rejects within seconds when there is no answer. */
  async read(path: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      this.#client.Get({ entries: [valueOf(path)] }, { deadline: Date.now() + CALL_TIMEOUT_MS }, (error, response) => {
        const problem = error?.details ?? response?.errors[0]?.error.message;
        if (problem === undefined) resolve(numberIn(response?.entries[0]));
        else reject(new Error(problem));
      });
    });
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  /** Resolves with the reason when the subscription has ended. */
  async #subscribe(path: string, follower: Follower): Promise<string> {
    return new Promise((resolve) => {
      this.#client
        .Subscribe({ entries: [valueOf(path)] })
        // Headers come only from a databroker that accepts the subscription; a refusal has none.
        .on('metadata', () => follower.onSubscribed())
        .on('data', ({ updates }: SubscribeResponse) => {
          for (const { entry } of updates) if (entry.path === path) follower.onValue(numberIn(entry));
        })
        .on('error', (error: Partial<ServiceError>) => resolve(error.details ?? error.message ?? 'no reason given'))
        .on('end', () => resolve('closed by the databroker'));
    });
  }
}

function valueOf(path: string): EntryRequest {
  return { path, view: 'VIEW_CURRENT_VALUE', fields: ['FIELD_VALUE'] };
}

function numberIn(entry: DataEntry | undefined): number | undefined {
  return entry?.value?.float ?? entry?.value?.double;
}
