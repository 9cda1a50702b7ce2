import { StringDecoder } from 'node:string_decoder';

/** Longest line handed on, in UTF-16 code units; a longer one arrives in pieces, so that memory stays bounded. */
export const MAX_LINE_LENGTH = 64 * 1024;

/** Cuts a byte stream into lines, without the line break (LF or CRLF); incomplete UTF-8 is held back until complete. */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly maxLength = MAX_LINE_LENGTH,
  ) {}

  write(chunk: Uint8Array): void {
    this.take(this.decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
  }

  /** Hands on what is left as a last line, if anything is. */
  end(): void {
    this.take(this.decoder.end());
    if (this.rest !== '') this.emit(this.rest);
    this.rest = '';
  }

  private take(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.emit(this.rest + text.slice(start, end));
      this.rest = '';
      start = end + 1;
    }
    this.rest += text.slice(start);
    while (this.rest.length > this.maxLength) {
      this.onLine(this.rest.slice(0, this.maxLength));
      this.rest = this.rest.slice(this.maxLength);
    }
  }

  private emit(line: string): void {
    let text = line.endsWith('\r') ? line.slice(0, -1) : line;
    while (text.length > this.maxLength) {
      this.onLine(text.slice(0, this.maxLength));
      text = text.slice(this.maxLength);
    }
    this.onLine(text);
  }
}

/** Keeps the last `limit` bytes of a stream. */
export class TailBuffer {
  private chunks: Buffer[] = [];
  private size = 0;
  /** Whether earlier bytes had to be dropped. */
  truncated = false;

  constructor(private readonly limit: number) {}

  write(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk));
    this.size += chunk.byteLength;
    while (this.size > this.limit) {
      const first = this.chunks[0];
      if (!first) break;
      const excess = this.size - this.limit;
      this.truncated = true;
      if (first.byteLength <= excess) {
        this.chunks.shift();
        this.size -= first.byteLength;
      } else {
        this.chunks[0] = first.subarray(excess);
        this.size -= excess;
      }
    }
  }

  toString(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }
}
