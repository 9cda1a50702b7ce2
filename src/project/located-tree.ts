import type { SourceRange } from '../base';
import type { Located } from './types';

/** A value of a JSON or YAML file in which every part knows its place. */
export type LocatedNode = MapNode | ListNode | ScalarNode;

export interface MapNode {
  readonly kind: 'map';
  readonly range: SourceRange;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly key: string;
  readonly keyRange: SourceRange;
  readonly value: LocatedNode;
}

export interface ListNode {
  readonly kind: 'list';
  readonly range: SourceRange;
  readonly items: readonly LocatedNode[];
}

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly range: SourceRange;
  readonly value: string | number | boolean | null;
  /** As written, without quotes: a version such as 1.10 would lose its zero as a number. */
  readonly text: string;
}

/** The plain JavaScript value. @param maxItems what lists have beyond is left out. */
export function plainValue(node: LocatedNode, maxItems = Infinity): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.slice(0, maxItems).map((item) => plainValue(item, maxItems));
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.value, maxItems)]));
  }
}

/** The member of a map; undefined where there is none or the node is no map. */
export function member(node: LocatedNode | undefined, key: string): LocatedNode | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

/** The member at the end of a chain of keys. */
export function memberAt(node: LocatedNode | undefined, path: readonly string[]): LocatedNode | undefined {
  return path.reduce(member, node);
}

/** The items of a list; none where the node is no list. */
export function itemsOf(node: LocatedNode | undefined): readonly LocatedNode[] {
  return node?.kind === 'list' ? node.items : [];
}

/** The entries of a map in file order; none where the node is no map. */
export function entriesOf(node: LocatedNode | undefined): readonly MapEntry[] {
  return node?.kind === 'map' ? [...node.entries.values()] : [];
}

export function stringAt(node: LocatedNode | undefined, key: string): Located<string> | undefined {
  return asString(member(node, key));
}

export function asString(node: LocatedNode | undefined): Located<string> | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string'
    ? { value: node.value, range: node.range }
    : undefined;
}

export function integerAt(node: LocatedNode | undefined, key: string): Located<number> | undefined {
  const value = member(node, key);
  return value?.kind === 'scalar' && Number.isSafeInteger(value.value)
    ? { value: value.value as number, range: value.range }
    : undefined;
}

/** What a person would call the kind of a value. */
export function describeKind(node: LocatedNode): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'empty';
  return typeof node.value === 'boolean' ? 'true or false' : `a ${typeof node.value}`;
}
