import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freshLine } from '../../bench/app';
import { largeApp, smallApp, templateApp, type LoopApp } from '../../bench/loop-apps';

const TEMPLATES = join(__dirname, '..', '..', '..', 'templates', 'src');

const APPS: Readonly<Record<string, readonly [app: LoopApp, text: () => Promise<string>]>> = {
  small: [smallApp, () => Promise.resolve('')],
  large: [largeApp, () => Promise.resolve('')],
  python: [templateApp('python', 'app/src/main.py'), () => readFile(join(TEMPLATES, 'python/app/src/main.py'), 'utf8')],
  go: [templateApp('go', 'app/src/main.go'), () => readFile(join(TEMPLATES, 'go/app/src/main.go'), 'utf8')],
};

describe('bench: apps of the inner loop', () => {
  for (const [name, [app, text]] of Object.entries(APPS)) {
    it(`changes one line of the ${name} app, and the same one again`, async () => {
      const [first, second] = [freshLine(), freshLine()];
      const once = app.withLine(await text(), first);
      const twice = app.withLine(once, second);
      assert.equal(once.split(first).length, 2);
      assert.equal(twice, once.replace(first, second));
    });
  }
});
