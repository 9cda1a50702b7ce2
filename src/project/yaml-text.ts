import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  parseDocument,
  type Node as YamlNode,
  type YAMLMap,
} from 'yaml';
import { messageOf, type SourceRange } from '../base';
import type { Findings } from './findings';
import type { LocatedNode, MapEntry, ScalarNode } from './located-tree';
import type { SourceText } from './text-ranges';

export interface ParseYamlOptions {
  /** Whether a key that occurs twice in a map is an error. Helm, for one, lets the later one win. */
  readonly uniqueKeys: boolean;
}

/**
 * Parses one YAML document.
 *
 * @returns undefined when the text is no YAML; problems then say where. An empty document is a scalar `null`.
 */
export function parseYaml(source: SourceText, findings: Findings, options: ParseYamlOptions): LocatedNode | undefined {
  const tooDeep = offsetOfExcessiveDepth(source.text);
  if (tooDeep !== undefined) {
    reportDepth(source, tooDeep, findings);
    return undefined;
  }
  try {
    // The parser compares every key with every other one of its map, so keys are checked while the tree is built.
    const document = parseDocument(source.text, { prettyErrors: false, merge: true, uniqueKeys: false });
    report(source, document.warnings, findings, 'warning');
    if (document.errors.length === 0) {
      const builder = new TreeBuilder(source);
      const tree = builder.build(document.contents);
      if (options.uniqueKeys) for (const key of builder.repeatedKeys) reportRepeatedKey(key, findings);
      return tree;
    }
    report(source, document.errors, findings, 'error');
  } catch (error) {
    const range = error instanceof MeaninglessYaml ? error.range : source.rangeAt(0, 0);
    findings.error(range, { code: 'yaml-unreadable', message: `This YAML cannot be evaluated: ${messageOf(error)}.` });
  }
  return undefined;
}

/** What the parser says of its input; its error class alone would not tell the codes apart. */
interface YamlComplaint {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

const MAX_REPORTED = 10;

function report(
  source: SourceText,
  complaints: readonly YamlComplaint[],
  findings: Findings,
  severity: 'error' | 'warning',
): void {
  // Once the nesting is too deep, all further errors are consequences.
  const tooDeep = complaints.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (tooDeep) {
    reportDepth(source, tooDeep.pos[0], findings);
    return;
  }
  for (const { message, pos } of complaints.slice(0, MAX_REPORTED)) {
    findings[severity](source.rangeAt(...pos), {
      code: 'yaml-syntax',
      message: `${message.replace(/[.\s]+$/, '')}.`,
    });
  }
}

function reportRepeatedKey(key: RepeatedKey, findings: Findings): void {
  findings.error(key.range, {
    code: 'yaml-duplicate-key',
    message: `The key "${key.name}" occurs twice in this map.`,
  });
}

function reportDepth(source: SourceText, offset: number, findings: Findings): void {
  findings.error(source.rangeAt(offset, offset + 1), {
    code: 'yaml-too-deep',
    message: 'Values are nested too deeply.',
  });
}

/** Deepest nesting of values, also within brackets and by aliases, and most `-`, `?` or `:` on one line. */
const MAX_DEPTH = 200;

/**
 * Finds nesting on which the parser would spend gigabytes. Nesting by indentation needs no such check: its depth grows
 * with the root of the file's size only, and the parser reports it itself.
 */
function offsetOfExcessiveDepth(text: string): number | undefined {
  let offset = 0;
  let brackets = 0;
  let indicators = 0;
  let isContent = false;
  for (const token of new Lexer().lex(text)) {
    if (isZeroWidth(token)) {
      isContent = token === SCALAR_FOLLOWS;
      continue;
    }
    if (!isContent) {
      if (token === '[' || token === '{') brackets++;
      else if (token === ']' || token === '}') brackets--;
      else if (token === '-' || token === '?' || (token === ':' && brackets === 0)) indicators++;
      else if (token.includes('\n')) indicators = 0;
      if (brackets > MAX_DEPTH || indicators > MAX_DEPTH) return offset;
    }
    isContent = false;
    offset += token.length;
  }
  return undefined;
}

/** The lexer's marks (yaml, CST tokens): document mode, end of flow, scalar. They stand for no text of the file. */
const SCALAR_FOLLOWS = '\x1F';

function isZeroWidth(token: string): boolean {
  return token === SCALAR_FOLLOWS || token === '\x02' || token === '\x18';
}

/** Well-formed YAML without a finite value. */
class MeaninglessYaml extends Error {
  constructor(
    message: string,
    readonly range: SourceRange,
  ) {
    super(message);
  }
}

/** Most values a document may have once its aliases are unfolded; a file of 1 MiB without aliases stays below. */
const MAX_VALUES = 1_000_000;

/** What a value is once its aliases are unfolded. */
interface Extent {
  /** Values in it, itself included. */
  readonly size: number;
  /** Levels of nesting, its own included. */
  readonly depth: number;
}

const LEAF: Extent = { size: 1, depth: 1 };

function tooManyValues(range: SourceRange): MeaninglessYaml {
  return new MeaninglessYaml('its aliases unfold to too many values', range);
}

interface RepeatedKey {
  readonly name: string;
  readonly range: SourceRange;
}

/**
 * Turns a document into a located tree: aliases become what they stand for, merge keys (`<<`) are merged.
 * Anchors are noted on the way, since an alias refers to the last anchor of its name before it.
 */
class TreeBuilder {
  /** In file order. */
  readonly repeatedKeys: RepeatedKey[] = [];
  private readonly anchors = new Map<string, YamlNode>();
  private readonly built = new Map<YamlNode, LocatedNode>();
  private readonly extents = new Map<LocatedNode, Extent>();
  /** Entries that merge keys have copied so far. */
  private merged = 0;

  constructor(private readonly source: SourceText) {}

  build(contents: YamlNode | null): LocatedNode {
    return this.node(contents, this.source.text.length);
  }

  /** @param emptyAt offset at which a value that nobody wrote is. */
  private node(node: YamlNode | null, emptyAt: number): LocatedNode {
    if (node === null) return this.empty(emptyAt);
    if (isAlias(node)) return this.resolve(node.source, this.rangeOf(node));
    this.noteAnchor(node);
    const result = this.convert(node);
    this.built.set(node, result);
    return result;
  }

  private resolve(anchor: string, range: SourceRange): LocatedNode {
    const target = this.anchors.get(anchor);
    if (!target) throw new MeaninglessYaml(`there is no anchor "${anchor}" before this alias`, range);
    const result = this.built.get(target);
    if (!result) throw new MeaninglessYaml(`the anchor "${anchor}" contains itself`, range);
    return result;
  }

  private noteAnchor(node: YamlNode): void {
    if (!isAlias(node) && node.anchor !== undefined) this.anchors.set(node.anchor, node);
  }

  private convert(node: YamlNode): LocatedNode {
    const range = this.rangeOf(node);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.node(item as YamlNode | null, startOf(node)));
      return this.measured({ kind: 'list', range, items }, items);
    }
    if (isMap(node)) {
      const entries = this.entries(node);
      return this.measured(
        { kind: 'map', range, entries },
        [...entries.values()].map((entry) => entry.value),
      );
    }
    return this.scalar(node);
  }

  /** Adds up what a node stands for, so that aliases of aliases can exhaust neither the memory nor the stack. */
  private measured(node: LocatedNode, parts: readonly LocatedNode[]): LocatedNode {
    let { size, depth } = LEAF;
    for (const part of parts) {
      const inner = this.extents.get(part) ?? LEAF;
      size += inner.size;
      depth = Math.max(depth, inner.depth + 1);
    }
    if (size > MAX_VALUES) throw tooManyValues(node.range);
    if (depth > MAX_DEPTH) throw new MeaninglessYaml('its values are nested too deeply', node.range);
    this.extents.set(node, { size, depth });
    return node;
  }

  private entries(map: YAMLMap): Map<string, MapEntry> {
    const own = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      const keyNode = pair.key as YamlNode;
      this.noteAnchor(keyNode);
      const value = this.node(pair.value as YamlNode | null, endOf(keyNode));
      if (isMergeKey(keyNode)) {
        for (const part of value.kind === 'list' ? value.items : [value]) {
          if (part.kind !== 'map') continue;
          this.merged += part.entries.size;
          if (this.merged > MAX_VALUES) throw tooManyValues(this.rangeOf(keyNode));
          for (const [key, entry] of part.entries) if (!merged.has(key)) merged.set(key, entry);
        }
        continue;
      }
      const key = this.keyOf(keyNode);
      const keyRange = this.rangeOf(keyNode);
      if (own.has(key)) this.repeatedKeys.push({ name: key, range: keyRange });
      own.set(key, { key, keyRange, value });
    }
    return new Map([...merged, ...own]);
  }

  private keyOf(node: YamlNode): string {
    const key = this.node(node, startOf(node));
    return key.kind === 'scalar' ? key.text : this.source.text.slice(startOf(node), endOf(node));
  }

  private scalar(node: YamlNode): ScalarNode {
    const range = this.rangeOf(node);
    if (!isScalar(node)) return { kind: 'scalar', range, value: null, text: '' };
    const { value } = node;
    const text = typeof value === 'string' ? value : (node.source ?? '');
    const isPlain =
      value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';
    return { kind: 'scalar', range, value: isPlain ? value : text, text };
  }

  private empty(offset: number): ScalarNode {
    return { kind: 'scalar', range: this.source.rangeAt(offset, offset), value: null, text: '' };
  }

  private rangeOf(node: YamlNode): SourceRange {
    return this.source.rangeAt(startOf(node), endOf(node));
  }
}

function isMergeKey(node: YamlNode): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.source === '<<';
}

function startOf(node: YamlNode): number {
  return node.range?.[0] ?? 0;
}

function endOf(node: YamlNode): number {
  return node.range?.[1] ?? startOf(node);
}
