import { deepEqual, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSettings } from '../../src/settings';

describe('settings', () => {
  it('have defaults', () => {
    deepEqual(readSettings({ SDV_MQTT_ADDRESS: '' }), {
      mqtt: { host: 'localhost', port: 1883 },
      databroker: { host: 'localhost', port: 55555 },
      healthPort: 50008,
    });
  });

  it('are taken from the environment', () => {
    const environment = {
      SDV_MQTT_ADDRESS: 'mqtt://mqtt-broker:1884',
      SDV_VEHICLEDATABROKER_ADDRESS: 'grpc://[::1]',
      VEHICLE_APP_PORT: '8080',
    };
    deepEqual(readSettings(environment), {
      mqtt: { host: 'mqtt-broker', port: 1884 },
      databroker: { host: '[::1]', port: 55555 },
      healthPort: 8080,
    });
  });

  it('may be addresses without a scheme', () => {
    deepEqual(readSettings({ SDV_MQTT_ADDRESS: 'mqtt-broker:1884' }).mqtt, { host: 'mqtt-broker', port: 1884 });
  });

  for (const [name, value] of [
    ['SDV_MQTT_ADDRESS', 'mqtt://'],
    ['SDV_VEHICLEDATABROKER_ADDRESS', 'grpc://broker:port'],
    ['VEHICLE_APP_PORT', '70000'],
    ['VEHICLE_APP_PORT', '1e3'],
  ] as const) {
    it(`that make no sense are named: ${name}=${value}`, () => {
      throws(() => readSettings({ [name]: value }), { message: new RegExp(`^${name}: `) });
    });
  }
});
