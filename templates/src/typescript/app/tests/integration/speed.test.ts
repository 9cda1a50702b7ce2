/**
 * From the databroker through the app to MQTT. The app and its services run already.
 *
 * SDV_VEHICLEDATABROKER_ADDRESS and SDV_MQTT_ADDRESS name the services, as in the cluster; without them they are at VDB_PORT
 * and MQTT_PORT of localhost.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { CURRENT_SPEED_TOPIC, GET_SPEED_REQUEST_TOPIC, GET_SPEED_RESPONSE_TOPIC, SPEED_PATH } from '../../src/app';
import { readSettings } from '../../src/settings';
import { openVal, type SetResponse, type ValClient } from '../../src/val';

const TIMEOUT_MS = 30_000;

interface Message {
  topic: string;
  content: { speed?: number; requestId?: unknown; result?: { status: number; speed?: number } };
}

const { mqtt: mqttAddress, databroker: databrokerAddress } = readSettings({
  SDV_MQTT_ADDRESS: `localhost:${process.env['MQTT_PORT'] ?? '31883'}`,
  SDV_VEHICLEDATABROKER_ADDRESS: `localhost:${process.env['VDB_PORT'] ?? '30555'}`,
  ...process.env,
});

describe('the deployed app', { timeout: 2 * TIMEOUT_MS }, () => {
  let databroker: ValClient;
  let mqtt: MqttClient;
  const messages: Message[] = [];
  let onMessage = (): void => undefined;

  before(async () => {
    databroker = openVal(databrokerAddress);
    await promisify(databroker.waitForReady.bind(databroker))(Date.now() + TIMEOUT_MS);
    mqtt = await connectAsync(`mqtt://${mqttAddress.host}:${mqttAddress.port}`);
    mqtt.on('message', (topic, payload) => {
      messages.push({ topic, content: JSON.parse(payload.toString()) as Message['content'] });
      onMessage();
    });
    await mqtt.subscribeAsync([CURRENT_SPEED_TOPIC, GET_SPEED_RESPONSE_TOPIC]);
  });

  after(async () => {
    databroker.close();
    await mqtt.endAsync();
  });

  /** Resolves with the next message that is expected; others before it are left out. */
  async function receive(isExpected: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      for (let message = messages.shift(); message; message = messages.shift()) {
        if (isExpected(message)) return message;
      }
      await new Promise<void>((resolve) => (onMessage = resolve));
    }
  }

  /** Sets a new speed, and returns it once the app has published it. */
  async function drive(): Promise<number> {
    const speed = Math.round(Math.random() * 2000) / 10;
    const entry = { path: SPEED_PATH, value: { float: speed } };
    const response = await new Promise<SetResponse | undefined>((resolve, reject) => {
      const deadline = Date.now() + TIMEOUT_MS;
      databroker.Set({ updates: [{ entry, fields: ['FIELD_VALUE'] }] }, { deadline }, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
    deepEqual(response?.errors, []);
    await receive(({ topic, content }) => topic === CURRENT_SPEED_TOPIC && content.speed === speed);
    return speed;
  }

  /** Sends a request, and returns the result of its answer: the next with this id. */
  async function ask(request: string, requestId: unknown): Promise<Message['content']['result']> {
    await mqtt.publishAsync(GET_SPEED_REQUEST_TOPIC, request);
    const isAnswer = ({ topic, content }: Message): boolean =>
      topic === GET_SPEED_RESPONSE_TOPIC && content.requestId === requestId;
    return (await receive(isAnswer)).content.result;
  }

  it('publishes a new speed', async () => {
    await drive();
  });

  it('answers a request with the speed', async () => {
    const speed = await drive();
    const requestId = randomUUID();
    deepEqual(await ask(JSON.stringify({ requestId }), requestId), { status: 0, speed });
  });

  it('answers what is not a request, too', async () => {
    equal((await ask('no request', null))?.status, 1);
  });
});
