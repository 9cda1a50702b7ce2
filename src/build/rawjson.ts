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
  readonly range?: readonly { readonly start?: { readonly line?: number } }[];
}

/**
 * Reads what `--progress=rawjson` writes. buildx 0.13 spreads each object over several indented lines, later versions
 * write one object a line; between them stand plain lines, such as the error at the end.
 */
export class RawJsonReader {
  private pending: string[] = [];

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
    if (!line.endsWith('}') || (this.pending.length > 1 && line !== '}')) return;
    const status = parse(this.pending.join('\n'));
    if (!status) return;
    this.pending = [];
    this.onStatus(status);
  }

  /** Hands on an object that never ended as plain lines. */
  end(): void {
    this.giveUp();
  }

  private giveUp(): void {
    const lines = this.pending;
    this.pending = [];
    for (const line of lines) this.onText(line);
  }
}

/** Text of a base64 field. */
export function decodeBase64(data: string | undefined): Buffer {
  return Buffer.from(data ?? '', 'base64');
}

function parse(text: string): SolveStatus | undefined {
  try {
    return JSON.parse(text) as SolveStatus;
  } catch {
    // Not complete yet, or no JSON at all: the reader decides when the next object begins.
    return undefined;
  }
}
