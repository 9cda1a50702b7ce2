import { ensureImages } from '../../../stack/images';
import { devcontainerBase, referenceOf } from '../../../stack/images/catalog';
import type { StackContext } from '../../../stack/types';

/** The image that devcontainers are made from, in the engine; its name. */
export async function ensureDevcontainerBase(context: StackContext): Promise<string> {
  await ensureImages(context, [devcontainerBase]);
  return referenceOf(devcontainerBase);
}
