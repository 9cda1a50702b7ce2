// The part of POSIX ustar that a bundle uses: plain files with short names. Sizes beyond eight GiB are written in base
// 256, as GNU tar, bsdtar and busybox read them. https://www.gnu.org/software/tar/manual/html_node/Standard.html

export const BLOCK = 512;
/** Longest name of a file. */
const MAX_NAME = 100;
/** Largest size that eleven octal digits can say, bytes. */
const MAX_OCTAL = 8 ** 11 - 1;

export interface TarEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly mode: number;
}

/** The block in front of a file's content. */
export function tarHeader({ name, size, mode }: TarEntry, modified: Date): Buffer {
  if (Buffer.byteLength(name) > MAX_NAME) throw new Error(`the name ${name} is too long for a bundle`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  writeOctal(header, 100, 8, mode);
  writeOctal(header, 108, 8, 0);
  writeOctal(header, 116, 8, 0);
  writeSize(header, size);
  writeOctal(header, 136, 12, Math.floor(modified.getTime() / 1000));
  header.write('0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What a block in front of a file says; undefined for the empty block at the end. @throws Error when it is none. */
export function readTarHeader(header: Buffer): TarEntry | undefined {
  if (header.every((byte) => byte === 0)) return undefined;
  if (checksum(header) !== readOctal(header, 148, 8)) throw new Error('a header of the archive has a wrong checksum');
  const kind = header.toString('latin1', 156, 157);
  // A folder is an entry without content.
  if (kind !== '0' && kind !== '\0' && kind !== '5') throw new Error(`the archive has an entry of the type ${kind}`);
  return { name: readText(header, 0, MAX_NAME), size: readSize(header), mode: readOctal(header, 100, 8) };
}

/** Bytes that fill up the last block of a file. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function writeOctal(header: Buffer, offset: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset);
}

const SIZE_AT = 124;
const SIZE_LENGTH = 12;
const BASE_256 = 0x80;

function writeSize(header: Buffer, size: number): void {
  if (size <= MAX_OCTAL) {
    writeOctal(header, SIZE_AT, SIZE_LENGTH, size);
    return;
  }
  header.fill(0, SIZE_AT, SIZE_AT + SIZE_LENGTH);
  header.writeUInt8(BASE_256, SIZE_AT);
  header.writeBigUInt64BE(BigInt(size), SIZE_AT + SIZE_LENGTH - 8);
}

function readSize(header: Buffer): number {
  if (header.readUInt8(SIZE_AT) === BASE_256) return Number(header.readBigUInt64BE(SIZE_AT + SIZE_LENGTH - 8));
  return readOctal(header, SIZE_AT, SIZE_LENGTH);
}

function readOctal(header: Buffer, offset: number, length: number): number {
  const digits = readText(header, offset, length).trim() || '0';
  // Not even a sign: by a size below zero the next header would stand before this one.
  if (!/^[0-7]+$/.test(digits)) throw new Error('a header of the archive holds a number that is none');
  return parseInt(digits, 8);
}

function readText(header: Buffer, offset: number, length: number): string {
  const text = header.toString('utf8', offset, offset + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** The sum of all bytes, those of the sum itself counted as spaces. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return sum;
}
