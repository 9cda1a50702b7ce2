import { createHash } from 'node:crypto';
import { posix } from 'node:path';

/** A file as a template or we ourselves would write it. */
export interface GeneratedFile {
  /** Below the repository's root, with slashes. */
  readonly path: string;
  readonly content: string;
  readonly executable?: boolean;
  /** It is the user's own file, with what we need added to it. */
  readonly extended?: true;
}

/**
 * What becomes of one generated file in a repository that exists.
 * - `add`: it is not there yet.
 * - `update`: it is as it was generated before, and what is generated has changed; or it is extended.
 * - `merge`: both have changed, in different places.
 * - `conflict`: both have changed, in the same place, or what it was generated from is not known any more. The user's
 *   stays; ours goes beside it.
 * - `same`: it is what would be generated.
 * - `kept`: only the user has changed it, or it never was ours.
 * - `removed`: the user has deleted it.
 */
export type Change = 'add' | 'update' | 'merge' | 'conflict' | 'same' | 'kept' | 'removed';

export interface PlannedFile {
  /** Below the repository's root, with slashes. Of a conflict: the user's file. */
  readonly path: string;
  readonly change: Change;
  /** What will be written, and where. Absent when nothing is. */
  readonly write?: GeneratedFile;
}

export interface AdoptionPlan {
  readonly files: readonly PlannedFile[];
  /** What to remember for the next time: path → {@link blobId} of what was generated. */
  readonly record: Readonly<Record<string, string>>;
}

/** What is known of the repository. */
export interface AdoptionGround {
  /** Content of a file, by its path below the root; undefined when there is none. */
  readonly current: (path: string) => Promise<string | undefined>;
  /** The record of the last time; empty at the first. */
  readonly record: Readonly<Record<string, string>>;
  /** What was generated then, by its blob's id; undefined when it cannot be had any more. */
  readonly generatedBefore: (blob: string) => Promise<string | undefined>;
  /** Joins what the user and we have changed since; undefined when both changed the same. */
  readonly merge: (user: string, before: string, generated: string) => Promise<string | undefined>;
}

/** Ends the name of what we would have written where the user's own file stays. */
export const BESIDE = '.vapp-new';

/** The id that git gives to a content: what was generated is thereby found in the repository's own history. */
export function blobId(content: string): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Reads what was remembered; undefined when that is no record. */
export function readRecord(text: string): AdoptionGround['record'] | undefined {
  try {
    const { generated } = JSON.parse(text) as { readonly generated?: unknown };
    return isRecord(generated) ? generated : undefined;
  } catch {
    // No JSON, or not an object.
    return undefined;
  }
}

function isRecord(value: unknown): value is AdoptionGround['record'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((id) => typeof id === 'string' && /^[0-9a-f]{40}$/.test(id));
}

/**
 * A three-way update, as `copier update` and its kind do: what was generated before is the common ancestor of what is
 * generated now and of what the user has made of it. Nothing of the user's is lost in any case.
 */
export async function planAdoption(generated: readonly GeneratedFile[], ground: AdoptionGround): Promise<AdoptionPlan> {
  const files: PlannedFile[] = [];
  const remembered = new Map(Object.entries(ground.record));
  const record = new Map<string, string>();
  for (const wanted of generated) {
    const file = await ownName(wanted, ground, remembered);
    const before = remembered.get(file.path);
    const planned = await planFile(file, ground, before);
    files.push(planned);
    if (file.extended) continue;
    if (planned.change === 'removed' && before !== undefined) record.set(file.path, before);
    else if (planned.change !== 'kept' || before !== undefined) record.set(file.path, blobId(file.content));
  }
  return { files, record: Object.fromEntries(record) };
}

/** A workflow whose name the repository's own workflow has already is called `vapp-…` instead: both are wanted. */
async function ownName(
  file: GeneratedFile,
  ground: AdoptionGround,
  remembered: ReadonlyMap<string, string>,
): Promise<GeneratedFile> {
  if (!file.path.startsWith('.github/workflows/') || remembered.has(file.path)) return file;
  const other = { ...file, path: posix.join(posix.dirname(file.path), `vapp-${posix.basename(file.path)}`) };
  if (remembered.has(other.path)) return other;
  const current = await ground.current(file.path);
  return current === undefined || current === file.content ? file : other;
}

/** @param before the blob of what was generated the last time. */
async function planFile(file: GeneratedFile, ground: AdoptionGround, before: string | undefined): Promise<PlannedFile> {
  const { path, content } = file;
  const current = await ground.current(path);
  if (current === undefined) {
    return before === undefined ? { path, change: 'add', write: file } : { path, change: 'removed' };
  }
  if (current === content) return { path, change: 'same' };
  if (file.extended) return { path, change: 'update', write: file };
  if (before === undefined || before === blobId(content)) return { path, change: 'kept' };
  if (before === blobId(current)) return { path, change: 'update', write: file };
  const ancestor = await ground.generatedBefore(before);
  const merged = ancestor === undefined ? undefined : await ground.merge(current, ancestor, content);
  return merged === undefined
    ? { path, change: 'conflict', write: { ...file, path: `${path}${BESIDE}` } }
    : { path, change: 'merge', write: { ...file, content: merged } };
}
