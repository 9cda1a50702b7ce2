import type { App } from '../project';
import type { ServiceEndpoint } from '../runtime';

/**
 * Chart values that every app gets below its own: its port, and by environment the addresses of the services
 * (names and forms as the Velocitas SDKs read them).
 */
export function appDefaults(app: App, services: readonly ServiceEndpoint[]): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  const path = app.chart.environmentValue;
  if (path !== undefined) defaults[path] = appEnvironment(services);
  if (app.chart.source === 'builtin') defaults['port'] = app.port;
  return defaults;
}

/** The environment that an app reads: `SDV_MIDDLEWARE_TYPE`, `SDV_MQTT_ADDRESS`, `SDV_VEHICLEDATABROKER_ADDRESS`. */
export function appEnvironment(services: readonly ServiceEndpoint[]): Record<string, string> {
  const environment: Record<string, string> = { SDV_MIDDLEWARE_TYPE: 'native' };
  for (const { id, cluster } of services) {
    if (id === 'mqtt-broker') {
      environment['SDV_MQTT_ADDRESS'] = `mqtt://${cluster}`;
      // The C++ SDK before its native middleware reads this one.
      environment['MQTT_BROKER_URI'] = `tcp://${cluster}`;
    } else if (id === 'vehicledatabroker') {
      environment['SDV_VEHICLEDATABROKER_ADDRESS'] = `grpc://${cluster}`;
    } else {
      environment[`SDV_${id.replaceAll('-', '_').toUpperCase()}_ADDRESS`] = `grpc://${cluster}`;
    }
  }
  return environment;
}
