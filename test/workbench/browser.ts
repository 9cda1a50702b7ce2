import { chromium, type Browser } from 'playwright-core';
import type { WorkbenchPrograms } from '../stack/parts/workbench';

/** A browser without a window. Whoever opens one closes it. */
export function openBrowser({ browser, browserEnv }: WorkbenchPrograms): Promise<Browser> {
  return chromium.launch({
    executablePath: browser,
    env: { ...process.env, ...browserEnv },
    // Playwright would end this whole process.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    // Its sandbox needs rights that a container does not give; it opens nothing but our own server.
    // Without WebGL terminals are text in the page, which can be read, and no work for the processor.
    args: [
      '--disable-3d-apis',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--font-render-hinting=none',
    ],
  });
}
