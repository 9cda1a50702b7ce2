import type { SourcePosition, SourceRange } from '../base';

/** A file's text without byte order mark, and where its lines begin. */
export class SourceText {
  private readonly lineStarts: number[] = [0];
  /** Where line breaks begin. */
  private readonly lineEnds: number[] = [];

  /**
   * @param file absolute path, for ranges.
   * @param text without byte order mark; lines end with LF, CRLF or CR.
   */
  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    for (const lineBreak of text.matchAll(/\r\n|\r|\n/g)) {
      this.lineEnds.push(lineBreak.index);
      this.lineStarts.push(lineBreak.index + lineBreak[0].length);
    }
  }

  /**
   * The position of an offset in UTF-16 code units; an offset beyond the end counts as the end, one between CR and LF as
   * the end of the line.
   */
  positionAt(offset: number): SourcePosition {
    const inside = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.lineStarts[middle] ?? 0) <= inside) low = middle;
      else high = middle - 1;
    }
    const withinLine = Math.min(inside, this.lineEnds[low] ?? inside);
    return { line: low + 1, column: withinLine - (this.lineStarts[low] ?? 0) + 1 };
  }

  /** The range between two offsets, `end` exclusive. */
  rangeAt(start: number, end: number): SourceRange {
    return { file: this.file, start: this.positionAt(start), end: this.positionAt(Math.max(start, end)) };
  }
}
