import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type Node as YamlNode,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { messageOf } from '../base';
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
  try {
    const document = parseDocument(source.text, {
      prettyErrors: false,
      logLevel: 'silent',
      merge: true,
      uniqueKeys: options.uniqueKeys,
    });
    report(source, document.warnings, findings, 'warning');
    if (document.errors.length > 0) {
      report(source, document.errors, findings, 'error');
      return undefined;
    }
    // Guards against aliases that unfold without end: the library counts them and throws.
    document.toJS({ maxAliasCount: MAX_ALIASES });
    return new TreeBuilder(source, document).build();
  } catch (error) {
    findings.error(source.rangeAt(0, 0), {
      code: 'yaml-unreadable',
      message:
        error instanceof RangeError
          ? 'The values of this YAML file are nested too deeply.'
          : `This YAML file cannot be evaluated: ${messageOf(error)}.`,
    });
    return undefined;
  }
}

const MAX_ALIASES = 100;
const MAX_REPORTED = 10;

function report(
  source: SourceText,
  errors: readonly YAMLError[],
  findings: Findings,
  severity: 'error' | 'warning',
): void {
  for (const error of errors.slice(0, MAX_REPORTED)) {
    findings[severity](source.rangeAt(error.pos[0], error.pos[1]), {
      code: error.code === 'DUPLICATE_KEY' ? 'yaml-duplicate-key' : 'yaml-syntax',
      message: `${error.message.replace(/[.\s]+$/, '')}.`,
    });
  }
}

/** Turns a document into a located tree: aliases become what they stand for, merge keys (`<<`) are merged. */
class TreeBuilder {
  private readonly built = new Map<YamlNode, LocatedNode>();
  private readonly open = new Set<YamlNode>();

  constructor(
    private readonly source: SourceText,
    private readonly document: Document.Parsed,
  ) {}

  build(): LocatedNode {
    return this.node(this.document.contents, this.source.text.length);
  }

  private node(node: YamlNode | null, emptyAt: number): LocatedNode {
    if (node === null) return this.empty(emptyAt);
    const target = isAlias(node) ? node.resolve(this.document) : node;
    if (target === undefined) throw new Error('an alias has no anchor');
    const known = this.built.get(target);
    if (known) return known;
    if (this.open.has(target)) throw new Error('an anchor contains an alias of itself');
    this.open.add(target);
    const result = this.convert(target);
    this.open.delete(target);
    this.built.set(target, result);
    return result;
  }

  private convert(node: YamlNode): LocatedNode {
    const range = this.rangeOf(node);
    if (isSeq(node)) {
      return { kind: 'list', range, items: node.items.map((item) => this.node(item as YamlNode, startOf(node))) };
    }
    if (isMap(node)) return { kind: 'map', range, entries: this.entries(node) };
    return this.scalar(node);
  }

  private entries(map: YAMLMap): Map<string, MapEntry> {
    const own = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    for (const pair of map.items) {
      if (!isPair(pair)) continue;
      const keyNode = pair.key as YamlNode;
      const value = this.node(pair.value as YamlNode | null, endOf(keyNode));
      if (isScalar(keyNode) && keyNode.source === '<<' && keyNode.type === 'PLAIN') {
        for (const part of value.kind === 'list' ? value.items : [value]) {
          if (part.kind !== 'map') continue;
          for (const [key, entry] of part.entries) if (!merged.has(key)) merged.set(key, entry);
        }
        continue;
      }
      const key = isScalar(keyNode) ? textOf(keyNode) : String(keyNode);
      own.set(key, { key, keyRange: this.rangeOf(keyNode), value });
    }
    return new Map([...merged, ...own]);
  }

  private scalar(node: YamlNode): ScalarNode {
    const range = this.rangeOf(node);
    if (!isScalar(node)) return { kind: 'scalar', range, value: null, text: '' };
    const { value } = node;
    const text = textOf(node);
    const isPlain =
      value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';
    return { kind: 'scalar', range, value: isPlain ? value : text, text };
  }

  private empty(offset: number): ScalarNode {
    return { kind: 'scalar', range: this.source.rangeAt(offset, offset), value: null, text: '' };
  }

  private rangeOf(node: YamlNode) {
    return this.source.rangeAt(startOf(node), endOf(node));
  }
}

function startOf(node: YamlNode): number {
  return node.range?.[0] ?? 0;
}

function endOf(node: YamlNode): number {
  return node.range?.[1] ?? startOf(node);
}

function textOf(scalar: Scalar): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? '');
}
