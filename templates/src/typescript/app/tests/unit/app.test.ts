import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CURRENT_SPEED_TOPIC, GET_SPEED_RESPONSE_TOPIC, SpeedApp, type Surroundings } from '../../src/app';

/** An app, and what it publishes. */
function recorded(readSpeed: Surroundings['readSpeed'] = () => Promise.resolve(undefined)) {
  const published: [string, unknown][] = [];
  const publish = (topic: string, payload: string) => void published.push([topic, JSON.parse(payload)]);
  return { app: new SpeedApp({ publish, readSpeed }), published };
}

describe('the app', () => {
  it('publishes each speed', () => {
    const { app, published } = recorded();
    app.onSpeed(0);
    app.onSpeed(Math.fround(12.3));
    deepEqual(published, [
      [CURRENT_SPEED_TOPIC, { speed: 0 }],
      [CURRENT_SPEED_TOPIC, { speed: 12.3 }],
    ]);
  });

  it('publishes nothing while there is no value', () => {
    const { app, published } = recorded();
    app.onSpeed(undefined);
    app.onSpeed(NaN);
    deepEqual(published, []);
  });

  for (const requestId of [7, 'seven', { n: 7 }]) {
    it(`answers a request with its id ${JSON.stringify(requestId)}`, async () => {
      const { app, published } = recorded(() => Promise.resolve(42));
      await app.onGetSpeed(JSON.stringify({ requestId }));
      deepEqual(published, [[GET_SPEED_RESPONSE_TOPIC, { requestId, result: { status: 0, speed: 42 } }]]);
    });
  }

  it('says that no speed is known', async () => {
    const { app, published } = recorded();
    await app.onGetSpeed('{"requestId": 7}');
    const result = { status: 1, message: 'Vehicle.Speed has no value yet.' };
    deepEqual(published, [[GET_SPEED_RESPONSE_TOPIC, { requestId: 7, result }]]);
  });

  it('says that the databroker is lost', async () => {
    const { app, published } = recorded(() => Promise.reject(new Error('gone')));
    await app.onGetSpeed('{"requestId": 7}');
    const result = { status: 1, message: 'The databroker did not answer: gone' };
    deepEqual(published, [[GET_SPEED_RESPONSE_TOPIC, { requestId: 7, result }]]);
  });

  for (const payload of ['', '{', '[]', '42', 'null', '{"id": 1}']) {
    it(`survives what is not a request: ${payload}`, async () => {
      const { app, published } = recorded(() => Promise.resolve(42));
      await app.onGetSpeed(payload);
      const result = { status: 1, message: 'The request must be {"requestId": …}.' };
      deepEqual(published, [[GET_SPEED_RESPONSE_TOPIC, { requestId: null, result }]]);
    });
  }
});
