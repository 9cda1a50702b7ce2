/** The databroker's gRPC interface as `proto/kuksa/val/v1/val.proto` declares it, and its types. */
import { join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  type CallOptions,
  type Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  type GrpcObject,
  type requestCallback,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { FIRST_DELAY_MS, LONGEST_DELAY_MS } from './backoff';
import type { Address } from './settings';

/** One of the two is there as soon as the signal has a value. */
export interface Datapoint {
  float?: number;
  double?: number;
}

export interface DataEntry {
  path: string;
  value?: Datapoint | null;
}

export interface EntryRequest {
  path: string;
  view: 'VIEW_CURRENT_VALUE';
  fields: 'FIELD_VALUE'[];
}

export interface EntryUpdate {
  entry: DataEntry;
  fields: 'FIELD_VALUE'[];
}

export interface GetResponse {
  entries: DataEntry[];
  errors: { path: string; error: { code: number; reason: string; message: string } }[];
}

export interface SetResponse {
  errors: GetResponse['errors'];
}

export interface SubscribeResponse {
  updates: EntryUpdate[];
}

export interface ValClient extends Client {
  Get(
    request: { entries: EntryRequest[] },
    options: CallOptions,
    callback: requestCallback<GetResponse>,
  ): ClientUnaryCall;
  Set(
    request: { updates: EntryUpdate[] },
    options: CallOptions,
    callback: requestCallback<SetResponse>,
  ): ClientUnaryCall;
  Subscribe(request: { entries: EntryRequest[] }): ClientReadableStream<SubscribeResponse>;
}

// The bundle is in a folder beside the one of the sources, so the path is the same for both.
const PROTO = join(__dirname, '../proto/kuksa/val/v1/val.proto');

const definition = loadPackageDefinition(loadSync(PROTO, { keepCase: true, enums: String, arrays: true }));
const Val = ['kuksa', 'val', 'v1', 'VAL'].reduce<unknown>(
  (scope, name) => (scope as GrpcObject)[name],
  definition,
) as ServiceClientConstructor;

/** What a server of this interface has to serve. */
export const valService = Val.service;

/** Returns a client that connects at its first use. */
export function openVal({ host, port }: Address): ValClient {
  return new Val(`${host}:${port}`, credentials.createInsecure(), {
    // Services are near, and reached without any proxy.
    'grpc.enable_http_proxy': 0,
    'grpc.initial_reconnect_backoff_ms': FIRST_DELAY_MS,
    'grpc.max_reconnect_backoff_ms': LONGEST_DELAY_MS,
    // By default a name would be asked for only twice a minute.
    'grpc.dns_min_time_between_resolutions_ms': LONGEST_DELAY_MS,
  }) as unknown as ValClient;
}
