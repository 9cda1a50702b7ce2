import { gunzipSync } from 'node:zlib';
import { Failure, messageOf } from '../base';
import { isRecord } from './kube-stream';

/** One revision of a release, as Helm keeps it in a Secret of the release's namespace. */
export interface ReleaseRecord {
  readonly revision: number;
  /** Helm's word: deployed, superseded, failed, uninstalling, pending-install, pending-upgrade, pending-rollback. */
  readonly status: string;
  /** Labels given by whoever deployed; Helm's own are left out. */
  readonly labels: Readonly<Record<string, string>>;
  /** When this revision was begun, RFC 3339. */
  readonly updated: string;
  /** Helm's remark, e.g. `Upgrade complete`. */
  readonly description?: string;
  /** The rendered objects, several YAML documents, without hooks. */
  readonly manifest: string;
  readonly hooks?: readonly HookRecord[];
}

/** An object that Helm makes at a certain time only. */
export interface HookRecord {
  /** Helm's words: test, pre-install, … */
  readonly events?: readonly string[];
  /** The rendered object. */
  readonly manifest?: string;
}

/** The part of a Secret that Helm fills. */
export interface ReleaseSecret {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
  };
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Reads Helm's Secret. Its payload is decoded only when somebody asks for what is in it, which then may throw Failure
 * `release-record-unreadable`.
 */
export function releaseRecord(secret: ReleaseSecret): ReleaseRecord {
  const own = secret.metadata.labels ?? {};
  let decoded: ReleasePayload | undefined;
  const payload = () => (decoded ??= readPayload(secret.data?.['release'] ?? ''));
  return {
    revision: Number(own['version']),
    status: own['status'] ?? 'unknown',
    labels: Object.fromEntries(Object.entries(own).filter(([name]) => !HELM_LABELS.has(name))),
    updated: secret.metadata.creationTimestamp ?? '',
    get description() {
      return payload().description;
    },
    get manifest() {
      return payload().manifest;
    },
    get hooks() {
      return payload().hooks;
    },
  };
}

const HELM_LABELS = new Set(['name', 'owner', 'status', 'version', 'createdAt', 'modifiedAt']);

interface ReleasePayload {
  readonly manifest: string;
  readonly hooks: readonly HookRecord[];
  readonly description: string;
}

function readPayload(data: string): ReleasePayload {
  let payload: unknown;
  try {
    payload = decodePayload(data);
  } catch (error) {
    throw new Failure({
      code: 'release-record-unreadable',
      fault: 'environment',
      summary: 'What Helm has recorded of a release cannot be read.',
      evidence: [messageOf(error)],
      nextSteps: ['Delete the runtime and create it anew: `vapp delete`, then `vapp run`.'],
      cause: error,
    });
  }
  const { manifest, hooks, info } = isRecord(payload) ? payload : {};
  return {
    manifest: textOf(manifest) ?? '',
    hooks: Array.isArray(hooks) ? hooks.filter(isRecord).map(hookOf) : [],
    description: (isRecord(info) ? textOf(info['description']) : undefined) ?? '',
  };
}

function hookOf({ events, manifest }: Readonly<Record<string, unknown>>): HookRecord {
  return {
    events: Array.isArray(events) ? events.filter((event) => typeof event === 'string') : [],
    manifest: textOf(manifest) ?? '',
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Most that a record is unpacked to, bytes: what Kubernetes takes of it packed is a megabyte. */
const MAX_UNPACKED = 64 * 1024 * 1024;

/** Helm encodes base64(gzip(JSON)); the Secret adds base64 of its own. Helm 2 wrote no gzip, Helm 3 and 4 always do. */
function decodePayload(data: string): unknown {
  const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64');
  if (packed.length === 0) return undefined;
  return JSON.parse(gunzipSync(packed, { maxOutputLength: MAX_UNPACKED }).toString('utf8'));
}
