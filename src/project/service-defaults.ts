import type { Service, ServicePort } from './types';

/** What is known of a runtime service by its id alone. */
export interface ServiceDefaults {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly interfaces: readonly string[];
}

/**
 * The services of the Velocitas runtimes. The node ports of broker and databroker are those of the former k3d runtime:
 * integration tests read them from `MQTT_PORT` and `VDB_PORT`. Addresses name the services as the cluster's DNS does.
 */
export const SERVICE_DEFAULTS: ReadonlyMap<string, ServiceDefaults> = new Map([
  [
    'mqtt-broker',
    {
      image: 'eclipse-mosquitto:2.0',
      args: ['mosquitto', '-c', '/mosquitto-no-auth.conf'],
      env: {},
      ports: [{ container: 1883, node: 31883, host: 31883 }],
      interfaces: ['mqtt'],
    },
  ],
  [
    'vehicledatabroker',
    {
      image: 'ghcr.io/eclipse-kuksa/kuksa-databroker:0.4.4',
      args: ['--insecure'],
      env: {},
      ports: [{ container: 55555, node: 30555, host: 30555 }],
      interfaces: [],
    },
  ],
  [
    'mockservice',
    {
      image: 'ghcr.io/eclipse-kuksa/kuksa-mock-provider/mock-provider:0.4.0',
      args: [],
      env: { VDB_ADDRESS: 'vehicledatabroker:55555' },
      ports: [],
      interfaces: [],
    },
  ],
  [
    'seatservice',
    {
      image: 'ghcr.io/eclipse-kuksa/kuksa-incubation/seat_service:0.4.0',
      args: [],
      env: { BROKER_ADDR: 'vehicledatabroker:55555', CAN: 'cansim', SERVICE_PORT: '50051' },
      ports: [{ container: 50051 }],
      interfaces: [],
    },
  ],
  [
    'feedercan',
    {
      image: 'ghcr.io/eclipse-kuksa/kuksa-can-provider/can-provider:0.4.2',
      args: [],
      env: { VDB_ADDRESS: 'vehicledatabroker:55555', USECASE: 'databroker' },
      ports: [],
      interfaces: [],
    },
  ],
]);

/** The services of a repository without runtime.json. */
export function defaultServices(): Service[] {
  return ['mqtt-broker', 'vehicledatabroker'].flatMap((id) => {
    const defaults = SERVICE_DEFAULTS.get(id);
    return defaults ? [{ id, enabled: true, mounts: [], ...defaults }] : [];
  });
}
