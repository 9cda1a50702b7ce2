/** The parts of BuildKit's SolveStatus that are used here; there may be more, and any may be absent. */
export interface SolveStatus {
  readonly vertexes?: readonly Vertex[];
  readonly statuses?: readonly VertexStatus[];
  readonly logs?: readonly VertexLog[];
  readonly warnings?: readonly VertexWarning[];
}

export interface Vertex {
  readonly digest: string;
  readonly name?: string;
  /** RFC 3339, as all times here. */
  readonly started?: string;
  readonly completed?: string;
  readonly cached?: boolean;
  readonly error?: string;
}

export interface VertexStatus {
  readonly id: string;
  readonly vertex: string;
  readonly name?: string;
  readonly current?: number;
  readonly total?: number;
}

export interface VertexLog {
  readonly vertex: string;
  /** 1 is stdout, 2 is stderr. */
  readonly stream?: number;
  /** Base64. */
  readonly data?: string;
}

export interface VertexWarning {
  /** Base64. */
  readonly short?: string;
  /** Of the Dockerfile. */
  readonly line?: number;
}

/** Longest object, UTF-16 code units. BuildKit puts about a megabyte of output into one, and writes that in base64. */
export const MAX_OBJECT_LENGTH = 16 * 1024 * 1024;

/**
 * Reads what `--progress=rawjson` writes. buildx 0.13 spreads each object over several indented lines, later versions
 * write one object a line; between them stand plain lines, such as the error at the end.
 */
export class RawJsonReader {
  private pending: string[] = [];
  private pendingLength = 0;

  constructor(
    private readonly onStatus: (status: SolveStatus) => void,
    private readonly onText: (line: string) => void,
  ) {}

  line(line: string): void {
    if (this.pending.length === 0 && !line.startsWith('{')) {
      this.onText(line);
      return;
    }
    if (this.pending.length > 0 && line.startsWith('{')) this.giveUp();
    this.pending.push(line);
    this.pendingLength += line.length;
    const isWhole = this.pending.length === 1 ? line.endsWith('}') : line === '}';
    const status = isWhole ? parse(this.pending.join('\n')) : undefined;
    if (status) {
      this.forget();
      this.onStatus(status);
    } else if (isWhole || this.pendingLength > MAX_OBJECT_LENGTH) this.giveUp();
  }

  /** Hands on an object that never ended as plain lines. */
  end(): void {
    this.giveUp();
  }

  private giveUp(): void {
    const lines = this.pending;
    this.forget();
    for (const line of lines) this.onText(line);
  }

  private forget(): void {
    this.pending = [];
    this.pendingLength = 0;
  }
}

/** Text of a base64 field. */
export function decodeBase64(data: string | undefined): Buffer {
  return Buffer.from(data ?? '', 'base64');
}

/** Undefined for what is no JSON object. What is in it of another kind than it should be is left out. */
function parse(text: string): SolveStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A line of text that begins and ends like an object.
    return undefined;
  }
  return isRecord(value) ? statusOf(value) : undefined;
}

function statusOf(value: Fields): SolveStatus {
  const lists = {
    vertexes: itemsOf<Vertex>(value['vertexes'], VERTEX, ['digest']),
    statuses: itemsOf<VertexStatus>(value['statuses'], STATUS, ['id', 'vertex']),
    logs: itemsOf<VertexLog>(value['logs'], LOG, ['vertex']),
    warnings: warningsOf(value['warnings']),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined));
}

type Fields = Readonly<Record<string, unknown>>;
type Kinds<T> = Readonly<Record<keyof T, 'string' | 'number' | 'boolean'>>;

const VERTEX: Kinds<Vertex> = {
  digest: 'string',
  name: 'string',
  started: 'string',
  completed: 'string',
  cached: 'boolean',
  error: 'string',
};
const STATUS: Kinds<VertexStatus> = {
  id: 'string',
  vertex: 'string',
  name: 'string',
  current: 'number',
  total: 'number',
};
const LOG: Kinds<VertexLog> = { vertex: 'string', stream: 'number', data: 'string' };

function itemsOf<T>(list: unknown, kinds: Kinds<T>, required: readonly (keyof T & string)[]): T[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.filter(isRecord).flatMap((item) => {
    const fields = Object.entries(kinds).filter(([name, kind]) => typeof item[name] === kind);
    const read = Object.fromEntries(fields.map(([name]) => [name, item[name]]));
    return required.every((name) => name in read) ? [read as T] : [];
  });
}

function warningsOf(list: unknown): VertexWarning[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.filter(isRecord).map(({ short, range }) => {
    const [place] = Array.isArray(range) ? range.filter(isRecord) : [];
    const line = isRecord(place?.['start']) ? place['start']['line'] : undefined;
    return {
      ...(typeof short === 'string' ? { short } : {}),
      ...(typeof line === 'number' ? { line } : {}),
    };
  });
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
