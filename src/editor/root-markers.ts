import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The same as the core's, which is not loaded in a window without any of them. */
export const ROOT_MARKERS: readonly string[] = ['vapp.yaml', '.velocitas.json', 'app/AppManifest.json'];

/** Whether a folder may be in a repository: one is marked as its root, or one above it is. The core knows for certain. */
export function mayBeInRepository(folder: string): boolean {
  if (ROOT_MARKERS.some((marker) => existsSync(join(folder, marker)))) return true;
  const parent = dirname(folder);
  return parent !== folder && mayBeInRepository(parent);
}
