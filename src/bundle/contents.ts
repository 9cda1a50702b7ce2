/** Names of the files in a bundle. */
export const MANIFEST_FILE = 'bundle.json';
export const SUMS_FILE = 'SHA256SUMS';
export const IMAGES_FILE = 'images/images.tar';
export const NODE_FILE = 'node/bin/node';
export const TOOLS_FOLDER = 'tools';
export const VAPP_FOLDER = 'vapp';

/** Bits that let a file be run. */
const EXECUTABLE = 0o755;
const PLAIN = 0o644;

export function modeOf(executable: boolean): number {
  return executable ? EXECUTABLE : PLAIN;
}

/** A file of the disk that goes into a bundle. */
export interface PackedFile {
  /** In the bundle. */
  readonly name: string;
  /** On the disk, absolute. */
  readonly path: string;
  readonly executable: boolean;
}
