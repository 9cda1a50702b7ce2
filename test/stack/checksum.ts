import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../src/base';

/**
 * The SHA-256 of a file in a publisher's checksum text, in lower case. Understood are lines of sha256sum
 * (`<digest>  name`, `<digest> *path/name`) and a bare digest, which stands for the only file there is.
 *
 * @throws Failure `checksum-missing`.
 */
export function checksumFor(fileName: string, text: string): string {
  const lines = text
    .split(/\r?\n/)
    .map((line) => /^([0-9a-f]{64})(?:\s+\*?(\S+))?\s*$/i.exec(line))
    .filter((match) => match !== null);
  const only = lines.length === 1 && lines[0]?.[2] === undefined ? lines[0] : undefined;
  const line = only ?? lines.find((match) => match[2]?.split('/').at(-1) === fileName);
  const digest = line?.[1];
  if (digest === undefined) {
    throw new Failure({
      code: 'checksum-missing',
      fault: 'environment',
      summary: `The publisher's checksums do not name ${fileName}.`,
      evidence: text.trimEnd().split(/\r?\n/).slice(0, 5),
    });
  }
  return digest.toLowerCase();
}

/** The SHA-256 of a file, in lower-case hex. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** @throws Failure `checksum-mismatch`. */
export async function verifyChecksum(file: string, expected: string, from: string): Promise<void> {
  const actual = await sha256OfFile(file);
  if (actual === expected) return;
  throw new Failure({
    code: 'checksum-mismatch',
    fault: 'environment',
    summary: `What ${from} sent is not what its publisher signed for: the checksum differs.`,
    evidence: [`expected ${expected}`, `received ${actual}`],
    nextSteps: ['Do not use it. Try again later, or from another network.'],
  });
}
