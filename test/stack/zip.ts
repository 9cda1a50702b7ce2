import { mkdir, open, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { Failure } from '../../src/base';

interface ZipMember {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly headerOffset: number;
}

const STORED = 0;
const DEFLATED = 8;
const END_LENGTH = 22;
const LONGEST_COMMENT = 0xffff;
const ZIP64_MARK = 0xffffffff;

/**
 * Takes named members out of a zip archive (PKWARE APPNOTE 6.3: stored or deflated, no zip64, no encryption) and
 * verifies their CRC-32. `unzip` is on few machines, and Node has zlib.
 *
 * @param members names inside the archive → paths below `folder`.
 * @throws Failure `zip-unreadable`, `zip-member-missing`.
 */
export async function extractFromZip(
  archive: string,
  members: Readonly<Record<string, string>>,
  folder: string,
  mode: number,
): Promise<void> {
  const file = await open(archive, 'r');
  try {
    const directory = await readDirectory(file, archive);
    for (const [name, target] of Object.entries(members)) {
      const member = directory.find((candidate) => candidate.name === name);
      if (!member) throw unreadable(archive, 'zip-member-missing', `it has no ${name}`);
      const path = join(folder, target);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, await readMember(file, member, archive), { mode });
    }
  } finally {
    await file.close();
  }
}

/**
 * The names of all members of a zip archive, in its order.
 *
 * @throws Failure `zip-unreadable`.
 */
export async function namesInZip(archive: string): Promise<string[]> {
  const file = await open(archive, 'r');
  try {
    return (await readDirectory(file, archive)).map(({ name }) => name);
  } finally {
    await file.close();
  }
}

async function readDirectory(file: FileHandle, archive: string): Promise<ZipMember[]> {
  const { size } = await file.stat();
  const tailLength = Math.min(size, END_LENGTH + LONGEST_COMMENT);
  const tail = await read(file, size - tailLength, tailLength, archive);
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0) throw unreadable(archive, 'zip-unreadable', 'it has no central directory');
  const offset = tail.readUInt32LE(end + 16);
  if (offset === ZIP64_MARK) throw unreadable(archive, 'zip-unreadable', 'it is a zip64 archive');
  const directory = await read(file, offset, tail.readUInt32LE(end + 12), archive);

  const members: ZipMember[] = [];
  for (let at = 0; at + 46 <= directory.length;) {
    const nameLength = directory.readUInt16LE(at + 28);
    members.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      compressedSize: directory.readUInt32LE(at + 20),
      headerOffset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return members;
}

async function readMember(file: FileHandle, member: ZipMember, archive: string): Promise<Buffer> {
  const header = await read(file, member.headerOffset, 30, archive);
  const start = member.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await read(file, start, member.compressedSize, archive);
  if (member.method !== STORED && member.method !== DEFLATED) {
    throw unreadable(archive, 'zip-unreadable', `${member.name} is packed by method ${member.method}`);
  }
  const content = member.method === STORED ? packed : await promisify(inflateRaw)(packed);
  if (crc32(content) !== member.crc) throw unreadable(archive, 'zip-unreadable', `${member.name} is damaged`);
  return content;
}

async function read(file: FileHandle, position: number, length: number, archive: string): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw unreadable(archive, 'zip-unreadable', 'it ends too early');
  return buffer;
}

function unreadable(archive: string, code: string, reason: string): Failure {
  return new Failure({ code, fault: 'environment', summary: `${archive} cannot be unpacked: ${reason}.` });
}
