/** The app's surroundings, as the environment tells them. */
export interface Settings {
  readonly mqtt: Address;
  readonly databroker: Address;
  readonly healthPort: number;
}

export interface Address {
  /** A name or an IP address; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What is not set has a default.
 *
 * @throws Error with the name of the variable that makes no sense.
 */
export function readSettings(environment: Environment): Settings {
  return {
    mqtt: address(environment, 'SDV_MQTT_ADDRESS', 1883),
    databroker: address(environment, 'SDV_VEHICLEDATABROKER_ADDRESS', 55555),
    healthPort: port(environment, 'VEHICLE_APP_PORT', 50008),
  };
}

function address(environment: Environment, name: string, defaultPort: number): Address {
  const text = environment[name] || 'localhost';
  const withScheme = text.includes('://') ? text : `any://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (!url?.hostname) throw new Error(`${name}: "${text}" is not an address`);
  return { host: url.hostname, port: url.port === '' ? defaultPort : Number(url.port) };
}

function port(environment: Environment, name: string, defaultPort: number): number {
  const text = environment[name] || String(defaultPort);
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > 65535) throw new Error(`${name}: "${text}" is not a port`);
  return number;
}
