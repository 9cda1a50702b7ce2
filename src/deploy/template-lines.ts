/**
 * The line of a template that a rendered line certainly comes from, counted from 0; undefined where it may be one of
 * several. Lines that read alike are told apart by those around them that do not.
 *
 * @param rendered what the template, or a part of it, rendered to.
 * @param line of the rendered text, counted from 0.
 */
export function templateLineOf(
  rendered: readonly string[],
  line: number,
  template: readonly string[],
): number | undefined {
  const patterns = template.map(patternOf);
  const candidates = candidatesFor(rendered[line] ?? '', patterns);
  if (candidates.length === 1) return candidates[0];
  const before = anchor(rendered, line, -1, patterns);
  const after = anchor(rendered, line, 1, patterns);
  const from = before ?? -1;
  const to = after ?? patterns.length;
  const between = (index: number) => from < index && index < to;
  if (candidates.length > 0) return only(candidates.filter(between));
  // No line reads like it, so one wrote it that is nothing but an action, or a value of several lines.
  const writers = patterns.flatMap((pattern, index) => (pattern.writes && between(index) ? [index] : []));
  return only(before !== undefined && patterns[before]?.open === true ? [before, ...writers] : writers);
}

/** What a line of a template may render to. Blanks do not count, since actions may trim them. */
interface Pattern {
  /** The texts around its actions; one alone where it has none. */
  readonly literals: readonly string[];
  /** Whether it is nothing but an action that writes something. */
  readonly writes: boolean;
  /** Whether it ends with an action, which may write several lines. */
  readonly open: boolean;
}

function patternOf(line: string): Pattern {
  const literals = withoutBlanks(line).split(/\{\{.*?(?:\}\}|$)/);
  const isBare = literals.every((literal) => literal === '');
  const actions = line.match(/\{\{-?\s*[^\s}]*/g) ?? [];
  return {
    literals: isBare ? [] : literals,
    writes: isBare && actions.some((action) => !WRITES_NOTHING.test(action)),
    open: !isBare && literals.length > 1 && literals.at(-1) === '',
  };
}

const WRITES_NOTHING = /^\{\{-?\s*(?:if|else|end|range|with|define|block|break|continue|\/\*|\$\w*$)/;

function candidatesFor(text: string, patterns: readonly Pattern[]): number[] {
  const plain = withoutBlanks(text);
  if (plain === '') return [];
  return patterns.flatMap(({ literals }, index) => (mayRender(literals, plain) ? [index] : []));
}

/** Goes through the text once, whatever the template is like. */
function mayRender(literals: readonly string[], text: string): boolean {
  const [first, ...rest] = literals;
  if (first === undefined) return false;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const literal of rest) {
    const found = text.indexOf(literal, at);
    if (found < 0) return false;
    at = found + literal.length;
  }
  return text.endsWith(last) && text.length - last.length >= at;
}

/** Of the nearest rendered line on one side that can only come from one line: that one. */
function anchor(
  rendered: readonly string[],
  line: number,
  step: 1 | -1,
  patterns: readonly Pattern[],
): number | undefined {
  for (let at = line + step; rendered[at] !== undefined && Math.abs(at - line) < MAX_AROUND; at += step) {
    const index = only(candidatesFor(rendered[at] ?? '', patterns));
    if (index !== undefined) return index;
  }
  return undefined;
}

/** So many lines around one are looked at: those of a hostile chart may all read alike. */
const MAX_AROUND = 50;

function only(indices: readonly number[]): number | undefined {
  return indices.length === 1 ? indices[0] : undefined;
}

function withoutBlanks(text: string): string {
  return text.replace(/\s+/g, '');
}

/**
 * The value that `.` is at a line, as the template writes it: by the `with` around it. Undefined where there is none, or
 * where it is an element of a list.
 */
export function dotAt(template: readonly string[], line: number): string | undefined {
  let closed = 0;
  for (let at = line - 1; at >= 0; at -= 1) {
    for (const { groups } of [...(template[at] ?? '').matchAll(BLOCK)].reverse()) {
      if (groups?.['word'] === 'end') closed += 1;
      else if (closed > 0) closed -= 1;
      else if (groups?.['word'] !== 'if') return groups?.['word'] === 'with' ? groups['what'] : undefined;
    }
  }
  return undefined;
}

const BLOCK = /\{\{-?\s*(?<word>if|with|range|define|block|end)\b\s*(?<what>[^}\s]*)/g;
