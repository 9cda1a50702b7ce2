// Assembles the templates for `devcontainer templates publish`: each folder in `dist/templates/src` holds all of one.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import core from './dist/core.js';

const root = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(root, 'dist', 'templates');
const source = { directory: join(root, 'templates') };

rmSync(join(target, 'src'), { recursive: true, force: true });
for (const { id, version } of await core.listTemplates(source)) {
  const folder = join(target, 'src', id);
  for (const { path, content, executable } of await core.assembleTemplate(source, id)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: executable ? 0o755 : 0o644 });
  }
  console.log(`${folder}  ${version}`);
}
