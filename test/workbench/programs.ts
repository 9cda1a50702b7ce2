import { createContext } from '../stack/context';
import { layoutFor } from '../stack/layout';
import { ensureWorkbench, type WorkbenchPrograms } from '../stack/parts/workbench';
import { silentProgress } from '../stack/progress';

/** The workbench and the browser that setup brought; without a word on screen. */
export function workbenchPrograms(signal = new AbortController().signal): Promise<WorkbenchPrograms> {
  return ensureWorkbench(
    createContext({ layout: layoutFor(), reachable: new Set(), progress: silentProgress, signal }),
  );
}
