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
    // One more than a full piece is kept: it may be the CR of a line break.
    this.rest = this.emitFullPieces(this.rest + text.slice(start), this.maxLength + 1);
  }

  private emit(line: string): void {
    this.onLine(this.emitFullPieces(line.endsWith('\r') ? line.slice(0, -1) : line, this.maxLength));
  }

  /** Hands on pieces until at most `keep` code units are left, which it answers. No piece ends inside a surrogate pair. */
  private emitFullPieces(text: string, keep: number): string {
    let start = 0;
    while (text.length - start > keep) {
      let end = start + this.maxLength;
      if (isHighSurrogate(text.charCodeAt(end - 1)) && this.maxLength > 1) end -= 1;
      this.onLine(text.slice(start, end));
      start = end;
    }
    return start === 0 ? text : text.slice(start);
  }
}

function isHighSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdbff;
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
    // Many tiny chunks would cost more in bookkeeping than in bytes.
    if (this.chunks.length > MAX_CHUNKS) this.chunks = [Buffer.concat(this.chunks)];
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

  /**
   * What was kept, as text. After truncation it begins with a whole line, if there is a line break at all: the end of
   * a cut line could be the end of a secret, which nothing would recognise any more.
   */
  toString(): string {
    const bytes = Buffer.concat(this.chunks);
    return bytes.subarray(this.truncated ? bytes.indexOf(LINE_FEED) + 1 : 0).toString('utf8');
  }
}

const MAX_CHUNKS = 4096;
const LINE_FEED = 0x0a;
