import { isDeepStrictEqual } from 'node:util';

/**
 * The value `after`, made of the very objects of `before` wherever both are equal. The answer is `before` itself when
 * nothing is different, and `after` itself when nothing had to be replaced in it: whoever hands the same value in again
 * then finds it by identity. Elements of lists belong together by `id` or `name`, else by their place.
 */
export function share<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return after;
  if (Array.isArray(before) && Array.isArray(after)) return shareList(before, after) as T;
  if (isPlain(before) && isPlain(after)) {
    const shared = Object.fromEntries(Object.entries(after).map(([key, value]) => [key, share(before[key], value)]));
    if (sameEntries(before, shared)) return before as T;
    return sameEntries(after, shared) ? after : (shared as T);
  }
  return isDeepStrictEqual(before, after) ? (before as T) : after;
}

function shareList(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  let named: Map<unknown, unknown> | undefined;
  const earlier = (item: unknown, index: number): unknown => {
    const opposite = before[index];
    // Most lists keep their order.
    if (keyOf(opposite, index) === keyOf(item, index)) return opposite;
    named ??= new Map(before.map((one, at) => [keyOf(one, at), one]));
    return named.get(keyOf(item, index));
  };
  const shared: unknown[] = [];
  let isBefore = after.length === before.length;
  let isAfter = true;
  // Most elements of a long list are the very same; for those nothing is called.
  for (let index = 0; index < after.length; index += 1) {
    const item = after[index];
    const kept = item === before[index] ? item : share(earlier(item, index), item);
    isBefore &&= Object.is(kept, before[index]);
    isAfter &&= Object.is(kept, item);
    shared.push(kept);
  }
  if (isBefore) return before;
  return isAfter ? after : shared;
}

function keyOf(item: unknown, index: number): unknown {
  return isPlain(item) ? (item['id'] ?? item['name'] ?? index) : index;
}

function sameEntries(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && Object.is(a[key], b[key]));
}

/** Objects of classes, such as failures, are compared as a whole. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
