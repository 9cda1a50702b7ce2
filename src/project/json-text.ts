import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import type { Findings } from './findings';
import type { LocatedNode, MapEntry } from './located-tree';
import type { SourceText } from './text-ranges';

/** Deepest nesting that is read; beyond it a file is damaged or hostile, and parsing would exhaust the stack. */
export const MAX_DEPTH = 200;

/**
 * Parses plain JSON, as the Velocitas tools read it: no comments, no trailing commas.
 *
 * @returns undefined when the text is no JSON; problems then say where.
 */
export function parseJson(source: SourceText, findings: Findings): LocatedNode | undefined {
  const tooDeep = offsetOfExcessiveDepth(source.text);
  if (tooDeep !== undefined) {
    findings.error(source.rangeAt(tooDeep, tooDeep + 1), {
      code: 'json-too-deep',
      message: `Values are nested more than ${MAX_DEPTH} levels deep.`,
    });
    return undefined;
  }
  const errors: ParseError[] = [];
  const root = parseTree(source.text, errors, { disallowComments: true, allowTrailingComma: false });
  if (errors.length > 0 || !root) {
    reportSyntaxErrors(source, errors, findings);
    return undefined;
  }
  return toLocatedNode(root, source, findings);
}

/** Where values are nested deeper than {@link MAX_DEPTH}, if they are anywhere; comments may stand between them. */
export function offsetOfExcessiveDepth(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== TOKEN.endOfFile; token = scanner.scan()) {
    if (token === TOKEN.openBrace || token === TOKEN.openBracket) depth++;
    if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) depth--;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
  return undefined;
}

// The library's SyntaxKind is a const enum, which is not there at run time for tools that compile file by file.
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, endOfFile: 17 } as const;

/** Recovery after an error breeds further ones: of plain syntax errors only the first tells something. */
function reportSyntaxErrors(source: SourceText, errors: readonly ParseError[], findings: Findings): void {
  const syntaxError = (offset: number, length: number, message: string) =>
    findings.error(source.rangeAt(offset, offset + length), { code: 'json-syntax', message });
  if (errors.length === 0) syntaxError(0, 0, VALUE_EXPECTED);
  let isFirst = true;
  for (const { error, offset, length } of errors.slice(0, MAX_REPORTED)) {
    const name = printParseErrorCode(error);
    const comma = trailingComma(source.text, offset);
    if (comma !== undefined) {
      findings.error(source.rangeAt(comma, comma + 1), {
        code: 'json-trailing-comma',
        message: 'JSON allows no comma after the last element.',
        hint: 'Remove the comma.',
      });
    } else if (name === 'InvalidCommentToken') {
      findings.error(source.rangeAt(offset, offset + length), {
        code: 'json-comment',
        message: 'JSON allows no comments, and the Velocitas tools reject them here.',
        hint: 'Remove the comment.',
      });
    } else if (isFirst) {
      syntaxError(offset, length, SYNTAX_MESSAGES[name] ?? `This is not valid JSON (${name}).`);
      isFirst = false;
    }
  }
}

const MAX_REPORTED = 10;
const VALUE_EXPECTED = 'A JSON value is expected here.';

const SYNTAX_MESSAGES: Readonly<Record<string, string>> = {
  InvalidSymbol: 'This is neither a JSON value nor a quoted string.',
  InvalidNumberFormat: 'This is not a valid JSON number.',
  PropertyNameExpected: 'A key in double quotes is expected here.',
  ValueExpected: VALUE_EXPECTED,
  ColonExpected: 'A colon is expected here.',
  CommaExpected: 'A comma is expected here.',
  CloseBraceExpected: 'A closing brace } is expected here.',
  CloseBracketExpected: 'A closing bracket ] is expected here.',
  EndOfFileExpected: 'Nothing may follow the end of the JSON value.',
  UnexpectedEndOfComment: 'This comment is not closed, and JSON allows no comments.',
  UnexpectedEndOfString: 'This string is not closed.',
  UnexpectedEndOfNumber: 'This number is not complete.',
  InvalidUnicode: 'This Unicode escape is not valid.',
  InvalidEscapeCharacter: 'This escape sequence is not valid in JSON.',
  InvalidCharacter: 'This character must be written as an escape sequence in JSON.',
};

/** The offset of a comma that is the true cause of an error at a closing bracket. */
function trailingComma(text: string, offset: number): number | undefined {
  const next = text[offset];
  if (next !== '}' && next !== ']') return undefined;
  let before = offset - 1;
  while (before >= 0 && /\s/.test(text.charAt(before))) before--;
  return text[before] === ',' ? before : undefined;
}

function toLocatedNode(node: Node, source: SourceText, findings: Findings): LocatedNode {
  const range = source.rangeAt(node.offset, node.offset + node.length);
  if (node.type === 'array') {
    return { kind: 'list', range, items: (node.children ?? []).map((item) => toLocatedNode(item, source, findings)) };
  }
  if (node.type !== 'object') {
    const value = node.value as string | number | boolean | null;
    const text = typeof value === 'string' ? value : source.text.slice(node.offset, node.offset + node.length);
    return { kind: 'scalar', range, value, text };
  }
  const entries = new Map<string, MapEntry>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (!keyNode || !valueNode) continue;
    const key = String(keyNode.value);
    const keyRange = source.rangeAt(keyNode.offset, keyNode.offset + keyNode.length);
    if (entries.has(key)) {
      findings.warning(keyRange, {
        code: 'json-duplicate-key',
        message: `The key "${key}" occurs twice; the later value counts.`,
      });
    }
    entries.set(key, { key, keyRange, value: toLocatedNode(valueNode, source, findings) });
  }
  return { kind: 'map', range, entries };
}
