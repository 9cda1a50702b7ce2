import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureTemplateImages } from '../stack/template-images';
import { createSample } from '../support/sample';
import { appSource, writeApp } from './app';

/** An app whose inner loop is measured. */
export interface LoopApp {
  /** Brings what its image builds on. */
  prepare(signal: AbortSignal): Promise<void>;
  /** Writes the repository. @param folder absent. */
  write(folder: string): Promise<void>;
  /** The file with the line that it prints first, from the root of the repository. */
  readonly source: string;
  /** That file, printing another line. */
  withLine(text: string, line: string): string;
}

/** Changes one line of the source, so that the app prints it first; answers the whole file. It is not written. */
export async function changed(app: LoopApp, folder: string, line: string): Promise<string> {
  const before = await readFile(join(folder, app.source), 'utf8');
  const after = app.withLine(before, line);
  if (after === before) throw new Error(`nothing to change in ${app.source}`);
  return after;
}

/** As {@link changed}, and saves it: the edit of the inner loop. */
export async function edit(app: LoopApp, folder: string, line: string): Promise<void> {
  await writeFile(join(folder, app.source), await changed(app, folder, line));
}

const nothing = () => Promise.resolve();

/** As small as an app can be, so that the tools are what is compared. */
export const smallApp: LoopApp = {
  prepare: nothing,
  write: (folder) => writeApp(folder, 'app', ''),
  source: 'app/main.py',
  withLine: (_text, line) => appSource(line),
};

/** An app made of a template, with all that it depends on. @param source where it says that it has started. */
export function templateApp(template: string, source: string): LoopApp {
  return {
    prepare: ensureTemplateImages,
    write: async (folder) => {
      await createSample(folder, template);
    },
    source,
    withLine: (text, line) => text.replace(/(line [0-9a-f]{16} )?started \(/, `${line} started (`),
  };
}

/** A gigabyte that no compression makes smaller, in a layer below the one that changes. */
export const largeApp: LoopApp = {
  ...smallApp,
  write: async (folder) => {
    await smallApp.write(folder);
    const model =
      "RUN python -c \"import os; f = open('/model', 'wb'); [f.write(os.urandom(10**6)) for _ in range(1000)]\"";
    const lines = ['FROM python:3.11-slim', model, 'COPY app/main.py /main.py', 'CMD ["python", "-u", "/main.py"]'];
    await writeFile(join(folder, 'app', 'Dockerfile'), `${lines.join('\n')}\n`);
  },
};
