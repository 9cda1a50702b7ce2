import { randomUUID } from 'node:crypto';
import { connect, type MqttClient } from 'mqtt';
import { Backoff } from './backoff';
import { info, warn } from './log';
import type { Address } from './settings';

const RECONNECT_MS = 500;
const CONNECT_TIMEOUT_MS = 2000;

export interface MqttOptions {
  readonly address: Address;
  /** Begins the name under which the broker knows the app. */
  readonly name: string;
  readonly topic: string;
  readonly onMessage: (payload: string) => void;
}

/** A connection to the MQTT broker, subscribed to one topic, also after lost connections. Says once that it waits. */
export class Mqtt {
  /** Resolved as soon as the broker has accepted the subscription. */
  readonly subscribed: Promise<void>;
  readonly #client: MqttClient;

  constructor({ address, name, topic, onMessage }: MqttOptions) {
    const url = `mqtt://${address.host}:${address.port}`;
    this.#client = connect(url, {
      // During an update the old and the new app run side by side; a broker lets only one of each name in.
      clientId: `${name}-${randomUUID()}`,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // A message that cannot be sent is dropped: the next speed is worth more than an old one.
      queueQoSZero: false,
      resubscribe: false,
    });
    this.#client.on('message', (_topic, payload) => onMessage(payload.toString()));
    this.#tellTroubles(url);
    this.subscribed = new Promise((resolve) => {
      this.#client.on('connect', () => void this.#subscribe(topic).then((done) => done && resolve()));
    });
  }

  publish(topic: string, payload: string): void {
    // The callback is told when there is no connection; without one that would be an event.
    this.#client.publish(topic, payload, () => undefined);
  }

  /** The broker forgets subscriptions with the connection, so each connection begins with one. */
  async #subscribe(topic: string): Promise<boolean> {
    const backoff = new Backoff();
    while (this.#client.connected) {
      try {
        await this.#client.subscribeAsync(topic);
        return true;
      } catch (error) {
        warn(`no subscription to ${topic} at the MQTT broker: ${reasonOf(error)}`);
        await backoff.wait();
      }
    }
    return false;
  }

  #tellTroubles(url: string): void {
    let state: 'new' | 'waiting' | 'connected' = 'new';
    let reason = 'no answer';
    this.#client
      .on('error', (error) => {
        reason = reasonOf(error);
      })
      .on('close', () => {
        if (state === 'new') warn(`waiting for the MQTT broker at ${url}: ${reason}`);
        if (state === 'connected') warn('lost the MQTT broker');
        state = 'waiting';
        reason = 'no answer';
      })
      .on('connect', () => {
        if (state === 'waiting') info('the MQTT broker is reachable');
        state = 'connected';
      });
  }
}

/** Node.js gives one error for all addresses of a name, with a code and without a message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
