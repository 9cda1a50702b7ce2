import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..');

/** Translations by what the code says. */
export type Bundle = Readonly<Record<string, string>>;

/** Languages besides English. */
export const LANGUAGES = ['de'] as const;

/** Where the editor looks for a language's bundle; without one: the English texts, which translators begin with. */
export function bundleFile(language?: string): string {
  return join(root, 'l10n', language === undefined ? 'bundle.l10n.json' : `bundle.l10n.${language}.json`);
}

export function readBundle(language?: string): Bundle {
  return JSON.parse(readFileSync(bundleFile(language), 'utf8')) as Bundle;
}

/**
 * Every text that the extension gives to `l10n.t`, sorted.
 *
 * @throws Error where a text is put together by the code, since nobody could translate it.
 */
export function localizedTexts(): string[] {
  const editor = join(root, 'src/editor');
  const files = readdirSync(editor, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(editor, name));
  return [...new Set([...files, join(root, 'src/extension.ts')].flatMap(textsOf))].sort();
}

function textsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isLocalizing(node.expression)) {
      const [text] = node.arguments;
      if (!text || !ts.isStringLiteralLike(text)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        throw new Error(`${relative(root, file)}:${line + 1}: l10n.t needs its text as a literal`);
      }
      texts.push(text.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

function isLocalizing(called: ts.Expression): boolean {
  return (
    ts.isPropertyAccessExpression(called) &&
    called.name.text === 't' &&
    (ts.isIdentifier(called.expression) || ts.isPropertyAccessExpression(called.expression)) &&
    /(^|\.)l10n$/.test(called.expression.getText())
  );
}

/** Brings the bundles up to date, and says what is left to translate. */
function update(): void {
  const texts = localizedTexts();
  write(undefined, Object.fromEntries(texts.map((text) => [text, text])));
  for (const language of LANGUAGES) {
    const known = readBundle(language);
    const translated = texts.filter((text) => text in known);
    write(language, Object.fromEntries(translated.map((text) => [text, known[text] ?? text])));
    for (const text of texts) if (!(text in known)) process.stdout.write(`${language} ${JSON.stringify(text)}\n`);
  }
}

function write(language: string | undefined, bundle: Bundle): void {
  writeFileSync(bundleFile(language), `${JSON.stringify(bundle, undefined, 2)}\n`);
}

if (require.main === module) update();
