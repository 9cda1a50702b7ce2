import { version } from '../package.json';
import { info, warn } from './log';

export const NAME = '${templateOption:appName}';
export const VERSION = version;

export const SPEED_PATH = 'Vehicle.Speed';
export const CURRENT_SPEED_TOPIC = '${templateOption:appName}/currentSpeed';
export const GET_SPEED_REQUEST_TOPIC = '${templateOption:appName}/getSpeed';
export const GET_SPEED_RESPONSE_TOPIC = '${templateOption:appName}/getSpeed/response';

/** What the app needs of its surroundings. */
export interface Surroundings {
  publish(topic: string, payload: string): void;
  /** Km/h, or undefined while no sensor has set it yet. Rejects when the databroker does not answer. */
  readSpeed(): Promise<number | undefined>;
}

type Result = { status: 0; speed: number } | { status: 1; message: string };

/**
 * The app itself: publishes every change of `Vehicle.Speed`, and tells the current speed to whoever asks. It knows neither
 * gRPC nor MQTT, so it is tested without either.
 */
export class SpeedApp {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** To be called with the current speed at first, and then with every change. */
  onSpeed(value: number | undefined): void {
    if (!isNumber(value)) {
      info('Vehicle.Speed has no value yet');
      return;
    }
    const speed = readable(value);
    this.#surroundings.publish(CURRENT_SPEED_TOPIC, JSON.stringify({ speed }));
    info(`published speed ${speed} km/h`);
  }

  /** Answers `{"requestId": …}` with the same id and `result`: `status` 0 and `speed`, or 1 and `message`. */
  async onGetSpeed(payload: string): Promise<void> {
    const request = parseRequest(payload);
    if (!request) warn(`not a request, it needs a requestId: ${payload}`);
    const requestId = request?.requestId ?? null;
    const result = request ? await this.#currentSpeed() : failed('The request must be {"requestId": …}.');
    this.#surroundings.publish(GET_SPEED_RESPONSE_TOPIC, JSON.stringify({ requestId, result }));
    info(`answered request ${JSON.stringify(requestId)}: ${JSON.stringify(result)}`);
  }

  async #currentSpeed(): Promise<Result> {
    try {
      const speed = await this.#surroundings.readSpeed();
      return isNumber(speed) ? { status: 0, speed: readable(speed) } : failed('Vehicle.Speed has no value yet.');
    } catch (error) {
      return failed(`The databroker did not answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function parseRequest(payload: string): { requestId: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(payload);
    return typeof parsed === 'object' && parsed !== null && 'requestId' in parsed ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function failed(message: string): Result {
  return { status: 1, message };
}

/** JSON has no way to write what is not a number. */
function isNumber(value: number | undefined): value is number {
  return Number.isFinite(value);
}

/** The databroker stores 32-bit floats, in which 12.3 reads as 12.300000190734863. */
function readable(speed: number): number {
  return Math.round(speed * 1000) / 1000;
}
