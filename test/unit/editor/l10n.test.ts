import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANGUAGES, localizedTexts, readBundle, type Bundle } from '../../l10n';

const root = join(__dirname, '../../..');
const readNls = (language?: string) => {
  const name = language === undefined ? 'package.nls.json' : `package.nls.${language}.json`;
  return JSON.parse(readFileSync(join(root, name), 'utf8')) as Bundle;
};

/** What a translation must not lose: placeholders, commands and code. */
function fixedParts(text: string): string[] {
  return (text.match(/\{\d+\}|\(command:[^)]+\)|`+[^`]+`+/g) ?? []).sort();
}

function assertTranslates(english: Bundle, translated: Bundle): void {
  assert.deepEqual(
    Object.keys(english).filter((key) => !(key in translated)),
    [],
    'not translated',
  );
  assert.deepEqual(
    Object.keys(translated).filter((key) => !(key in english)),
    [],
    'not in English',
  );
  for (const [key, text] of Object.entries(english)) {
    assert.deepEqual(fixedParts(translated[key] ?? ''), fixedParts(text), key);
  }
}

describe('translations', () => {
  it('begin with every text of the extension: `npm run l10n` brings them up to date', () => {
    const texts = localizedTexts();
    const known = Object.keys(readBundle());
    assert.ok(texts.length > 50, 'the texts are found');
    assert.deepEqual(
      {
        missing: texts.filter((text) => !known.includes(text)),
        needless: known.filter((text) => !texts.includes(text)),
      },
      { missing: [], needless: [] },
    );
  });

  for (const language of LANGUAGES) {
    it(`into ${language} are complete, in the code and in package.json`, () => {
      assertTranslates(readBundle(), readBundle(language));
      assertTranslates(readNls(), readNls(language));
    });
  }
});
