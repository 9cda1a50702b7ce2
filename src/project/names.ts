import { createHash } from 'node:crypto';

/** Longest name of a Helm release: Helm appends to it, and Kubernetes allows 63. */
export const MAX_APP_ID_LENGTH = 53;

/** Longest DNS-1123 label (RFC 1123, section 2.1; Kubernetes object names and namespaces). */
export const MAX_DNS_LABEL_LENGTH = 63;

/**
 * Turns the name of an app, whatever its script and length, into the name of its release and image: a DNS-1123 label
 * of at most {@link MAX_APP_ID_LENGTH} characters that starts with a letter.
 *
 * A name that loses nothing but case, spaces and accents keeps its plain form. Where letters had to be dropped or the
 * end had to be cut, a hash of the name follows, so that other names get other ids. The same goes for an id that is
 * taken: the name's hash keeps it stable; only a name that occurs twice is numbered.
 *
 * @param taken ids of the repository's other apps.
 */
export function applicationId(name: string, taken: ReadonlySet<string> = new Set()): string {
  const canonical = name.normalize('NFC').trim();
  const latin = transliterate(canonical);
  const words = latin.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  const base = words === '' ? FALLBACK : /^[a-z]/.test(words) ? words : `${FALLBACK}-${words}`;
  const isWhole = words !== '' && base.length <= MAX_APP_ID_LENGTH && !hasOtherLetters(latin);
  if (isWhole && !taken.has(base)) return base;

  const hash = createHash('sha256').update(canonical).digest('hex').slice(0, HASH_LENGTH);
  const hashed = withSuffix(base, hash);
  let id = hashed;
  for (let count = 2; taken.has(id); count++) id = withSuffix(base, `${hash}-${count}`);
  return id;
}

/** Whether a text is a DNS-1123 label, as Kubernetes wants namespaces and services named. */
export function isDnsLabel(text: string, maxLength = MAX_DNS_LABEL_LENGTH): boolean {
  return text.length <= maxLength && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);
}

/**
 * The candidate closest to a mistyped word, if it is close enough to be meant: at most a third of its letters differ.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    if (Math.max(word.length, candidate.length) > MAX_MISTYPED) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best !== undefined && bestDistance <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

/** Longer words are compared with none: it would take time by the product of the lengths. */
const MAX_MISTYPED = 100;
const FALLBACK = 'app';
const HASH_LENGTH = 8;

/** German umlauts as German writes them without; letters that Unicode does not decompose by their usual spelling. */
const SPELLINGS: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
};

function transliterate(name: string): string {
  return name
    .toLowerCase()
    .replace(/\P{ASCII}/gu, (letter) => SPELLINGS[letter] ?? letter)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

function hasOtherLetters(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text.replace(/[a-z0-9]/g, ''));
}

function withSuffix(base: string, suffix: string): string {
  return `${base.slice(0, MAX_APP_ID_LENGTH - suffix.length - 1).replace(/-+$/, '')}-${suffix}`;
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours count one each. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) distance = Math.min(distance, at(beforePrevious, j - 2) + 1);
      current.push(distance);
    }
    [beforePrevious, previous] = [previous, current];
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
