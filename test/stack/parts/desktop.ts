import { join } from 'node:path';
import { downloadAndUnzipVSCode, SilentReporter } from '@vscode/test-electron';
import { Failure, throwIfCancelled } from '../../../src/base';
import { engines } from '../../../package.json';
import type { OfficialHost, Part, StackContext } from '../types';
import { ensureTool, findTool, toolPart, type Tool } from './tool';

const HOST: OfficialHost = 'update.code.visualstudio.com';
const OLDEST = engines.vscode.replace('^', '');
/** The one that the workbench in the browser is, too. */
export const NEWEST_VSCODE = '1.139.1';

/** The oldest desktop editor that the extension promises to run in, and the newest. */
export const DESKTOPS: readonly Tool[] = [OLDEST, NEWEST_VSCODE].map((version) => ({
  name: 'VS Code',
  version,
  links: [],
  sources: (context) => [
    {
      label: HOST,
      host: HOST,
      recipe: { name: 'vscode', inputs: { version, platform: process.arch } },
      program: join(`vscode-linux-${process.arch}-${version}`, 'code'),
      async make(folder) {
        // It checks what it got against the publisher's checksum.
        await downloadAndUnzipVSCode({ version, cachePath: folder, reporter: new SilentReporter() });
        throwIfCancelled(context.signal);
      },
    },
  ],
}));

/** Without a screen a desktop editor does not start. */
function isOfUse({ env }: StackContext): boolean {
  const own = env['VSCODE_EXECUTABLE_PATH'] ?? '';
  return own === '' && Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY']);
}

/**
 * Brings desktop editors into the cache where they are of use and their publisher answers. It is no failure when they
 * cannot be had: the workbench in a browser is there as well.
 */
export async function ensureDesktops(context: StackContext): Promise<void> {
  if (!isOfUse(context) || !context.reachable(HOST)) return;
  await Promise.all(
    DESKTOPS.map(async (desktop) => {
      try {
        await ensureTool(context, desktop);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'part-unavailable') throw error;
        context.progress.note(error.summary);
      }
    }),
  );
}

/**
 * The desktop editors to test in, the oldest first: the one that `VSCODE_EXECUTABLE_PATH` names, else those of the cache.
 * None: there is only the workbench in a browser.
 */
export async function findDesktops(context: StackContext): Promise<string[]> {
  const own = context.env['VSCODE_EXECUTABLE_PATH'] ?? '';
  if (own !== '') return [own];
  if (!isOfUse(context)) return [];
  const found = await Promise.all(DESKTOPS.map((desktop) => findTool(context, desktop)));
  return found.flatMap((tool) => (tool ? [tool.program] : []));
}

/** Rows of the check table: only what setup would bring. */
export function desktopParts(context: StackContext): readonly Part[] {
  return isOfUse(context) && context.reachable(HOST) ? DESKTOPS.map(toolPart) : [];
}
