import { setImmediate } from 'node:timers/promises';
import type * as Core from '../core';

let loading: Promise<typeof Core> | undefined;

/** The core without an editor: loaded at first use, because it is most of the extension and activation must not wait. */
export function loadCore(): Promise<typeof Core> {
  // A promise alone would load it before the editor sees `activate` return: it must be a later turn of the event loop.
  loading ??= setImmediate().then(() => import('../core'));
  return loading;
}
