import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** The least that an extension can be: activated by the same events as ours, it does nothing. Answers its id. */
export async function writeStubExtension(folder: string): Promise<string> {
  const { activationEvents, engines } = await ourManifest();
  const manifest = { name: 'stub', publisher: 'vscode-velocitas', version: '0.0.1', main: './stub.js' };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, engines, activationEvents }));
  await writeFile(join(folder, 'stub.js'), 'exports.activate = () => undefined;\n');
  return `${manifest.publisher}.${manifest.name}`;
}

export async function ourExtensionId(): Promise<string> {
  const { publisher, name } = await ourManifest();
  return `${publisher}.${name}`;
}

interface Manifest {
  readonly publisher: string;
  readonly name: string;
  readonly activationEvents: readonly string[];
  readonly engines: Readonly<Record<string, string>>;
}

async function ourManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
}
