/**
 * A container image that needs no registry: one program that ends at once with exit code 0. It answers whether an
 * engine can run a container at all.
 */
export const SMALLEST_IMAGE_PROGRAM = '/true';

/** System call `exit(0)`, by the kernel's names of processors. */
const EXIT_CODE: Readonly<Record<string, { machine: number; code: readonly number[] }>> = {
  // mov eax, 60; xor edi, edi; syscall
  x86_64: { machine: 0x3e, code: [0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05] },
  // mov x8, #93; mov x0, #0; svc #0
  aarch64: { machine: 0xb7, code: [0xa8, 0x0b, 0x80, 0xd2, 0, 0, 0x80, 0xd2, 0x01, 0, 0, 0xd4] },
};

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const LOAD_ADDRESS = 0x400000;

/** The image's file system as a tar archive for `docker import`; undefined for a processor we do not know. */
export function smallestImage(processor: string): Buffer | undefined {
  const target = EXIT_CODE[processor];
  if (!target) return undefined;
  return tarWithProgram('true', staticProgram(target.machine, target.code));
}

/** A static ELF-64 executable with one segment (System V ABI, chapters 4 and 5). */
function staticProgram(machine: number, code: readonly number[]): Buffer {
  const start = ELF_HEADER + PROGRAM_HEADER;
  const size = start + code.length;
  const file = Buffer.alloc(size);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS + start), 24);
  file.writeBigUInt64LE(BigInt(ELF_HEADER), 32);
  file.writeUInt16LE(ELF_HEADER, 52);
  file.writeUInt16LE(PROGRAM_HEADER, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, ELF_HEADER);
  file.writeUInt32LE(5, ELF_HEADER + 4);
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS), ELF_HEADER + 16);
  file.writeBigUInt64LE(BigInt(LOAD_ADDRESS), ELF_HEADER + 24);
  file.writeBigUInt64LE(BigInt(size), ELF_HEADER + 32);
  file.writeBigUInt64LE(BigInt(size), ELF_HEADER + 40);
  file.writeBigUInt64LE(0x1000n, ELF_HEADER + 48);
  file.set(code, start);
  return file;
}

/** A tar archive (POSIX ustar) with one executable file. */
function tarWithProgram(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, offset: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'latin1');
  header.write(name, 0, 'latin1');
  octal(0o755, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content.length, 124, 12);
  octal(0, 136, 12);
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}
