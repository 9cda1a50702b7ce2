import { CURRENT_SPEED_TOPIC, GET_SPEED_REQUEST_TOPIC, NAME, SPEED_PATH, SpeedApp } from './app';
import { Databroker } from './databroker';
import { serveHealth } from './health';
import { info } from './log';
import { Mqtt } from './mqtt';
import type { Settings } from './settings';

/** Runs the app for ever. Rejects when it cannot even begin. */
export async function launch(settings: Settings): Promise<void> {
  let ready = false;
  await serveHealth(settings.healthPort, () => ready);

  const databroker = new Databroker(settings.databroker);
  const mqtt = new Mqtt({
    address: settings.mqtt,
    name: NAME,
    topic: GET_SPEED_REQUEST_TOPIC,
    onMessage: (payload) => void app.onGetSpeed(payload),
  });
  const app = new SpeedApp({
    publish: (topic, payload) => mqtt.publish(topic, payload),
    readSpeed: () => databroker.read(SPEED_PATH),
  });

  // Both first, so that the first speed finds a broker.
  await Promise.all([mqtt.subscribed, databroker.waitUntilReachable()]);
  await databroker.follow(SPEED_PATH, {
    onSubscribed: () => {
      ready = true;
      info(`ready: publishing Vehicle.Speed on ${CURRENT_SPEED_TOPIC}`);
    },
    onValue: (speed) => app.onSpeed(speed),
  });
}
