import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The app that is measured: as small as a Python app can be, so that the tools are what is compared. */
export async function writeApp(folder: string, name: string, line: string): Promise<void> {
  const files: Record<string, string> = {
    '.velocitas.json': '{ "packages": {} }\n',
    'runtime.json': '[]\n',
    'app/AppManifest.json': `${JSON.stringify({ manifestVersion: 'v3', name, interfaces: [] })}\n`,
    'app/Dockerfile': 'FROM python:3.11-slim\nCOPY app/main.py /main.py\nCMD ["python", "-u", "/main.py"]\n',
  };
  for (const [file, content] of Object.entries(files)) await write(join(folder, file), content);
  await editApp(folder, line);
}

/** Changes the line that the app prints: the edit of the inner loop. */
async function editApp(folder: string, line: string): Promise<void> {
  await write(join(folder, 'app/main.py'), appSource(line));
}

/** The content of `app/main.py`. */
export function appSource(line: string): string {
  return [
    'import signal, sys',
    'signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))',
    `print(${JSON.stringify(line)})`,
    'signal.pause()',
    '',
  ].join('\n');
}

/** A line that no earlier version has printed. */
export function freshLine(): string {
  return `line ${randomBytes(8).toString('hex')}`;
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
