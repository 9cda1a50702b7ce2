/**
 * Makes a line of an app, or of whatever else is not ours, harmless to show. Escape sequences (ECMA-48) are taken out, all of them or, with
 * `keepColours`, all but SGR: what they could do to a terminal besides colouring is to write to the clipboard, set
 * titles, or move the cursor and forge other lines. Other control characters become their visible symbols.
 *
 * Takes time in proportion to the length of the text.
 */
export function harmless(text: string, keepColours: boolean): string {
  let shown = '';
  let plainFrom = 0;
  const strings = new StringEnds(text);
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (!isHarmful(code)) {
      at += 1;
      continue;
    }
    shown += text.slice(plainFrom, at);
    const end = sequenceEnd(text, at, code, strings);
    if (end === undefined) {
      shown += symbolOf(code);
      at += 1;
    } else {
      if (keepColours && isColour(text, at, end)) shown += text.slice(at, end);
      at = end;
    }
    plainFrom = at;
  }
  return plainFrom === 0 ? text : shown + text.slice(plainFrom);
}

/** Ends what a line may have coloured. */
export const RESET = '\u001b[0m';

const TAB = 0x09;
const BELL = 0x07;
const ESCAPE = 0x1b;
const DELETE = 0x7f;
const C1_FIRST = 0x80;
const C1_LAST = 0x9f;
const CSI_8BIT = 0x9b;
const ST_8BIT = 0x9c;

function isHarmful(code: number): boolean {
  if (code < 0x20) return code !== TAB;
  if (code < DELETE) return false;
  return code <= C1_LAST || isReordering(code);
}

/** Line separators, and what turns the direction of writing: shown text would not be in the order in which it was written. */
function isReordering(code: number): boolean {
  return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

function symbolOf(code: number): string {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === DELETE ? '\u2421' : '\ufffd';
}

/** Where the escape sequence that begins at `at` ends; undefined when none does. */
function sequenceEnd(text: string, at: number, code: number, strings: StringEnds): number | undefined {
  if (code === CSI_8BIT) return controlSequenceEnd(text, at + 1);
  if (STRING_8BIT.has(code)) return strings.after(at + 1);
  if (code !== ESCAPE) return code >= C1_FIRST && code <= C1_LAST ? at + 1 : undefined;
  const next = text.charCodeAt(at + 1);
  if (next === 0x5b) return controlSequenceEnd(text, at + 2);
  // A control string without an end: what announces it goes, what it says is shown.
  if (STRING_7BIT.has(next)) return strings.after(at + 2) ?? at + 2;
  return escapeEnd(text, at + 1);
}

/** DCS, SOS, OSC, PM, APC. */
const STRING_7BIT = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f]);
const STRING_8BIT = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);

/** Parameters, intermediates and a final character. One that is cut off ends where it stops. */
function controlSequenceEnd(text: string, from: number): number {
  let at = from;
  while (isBetween(text.charCodeAt(at), 0x20, 0x3f)) at += 1;
  return isBetween(text.charCodeAt(at), 0x40, 0x7e) ? at + 1 : at;
}

function escapeEnd(text: string, from: number): number {
  let at = from;
  while (isBetween(text.charCodeAt(at), 0x20, 0x2f)) at += 1;
  return isBetween(text.charCodeAt(at), 0x30, 0x7e) ? at + 1 : at;
}

function isBetween(code: number, first: number, last: number): boolean {
  return code >= first && code <= last;
}

/** SGR in its 7-bit form with plain parameters. */
function isColour(text: string, at: number, end: number): boolean {
  if (text.charCodeAt(at) !== ESCAPE || text.charCodeAt(at + 1) !== 0x5b || text[end - 1] !== 'm') return false;
  for (let index = at + 2; index < end - 1; index++) {
    if (!isBetween(text.charCodeAt(index), 0x30, 0x3b)) return false;
  }
  return true;
}

/** Where control strings end. That none ends after some place is remembered, so that no place is searched twice. */
class StringEnds {
  private noneAfter = Infinity;

  constructor(private readonly text: string) {}

  /** The place after BEL or ST; undefined when there is none. */
  after(from: number): number | undefined {
    if (from >= this.noneAfter) return undefined;
    for (let at = from; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at);
      if (code === BELL || code === ST_8BIT) return at + 1;
      if (code === ESCAPE && this.text[at + 1] === '\\') return at + 2;
    }
    this.noneAfter = from;
    return undefined;
  }
}
