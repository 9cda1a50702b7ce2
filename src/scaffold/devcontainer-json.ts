import { applyEdits, modify, parse, type ParseError } from 'jsonc-parser';

/** Our Feature as devcontainers name it; the major version is pinned. */
export const FEATURE = 'ghcr.io/vscode-velocitas/features/velocitas:0';

/**
 * A `devcontainer.json` that also names our Feature; all else stays as it is, comments and layout included.
 *
 * @returns undefined when it cannot be read as an object.
 */
export function withFeature(text: string): string | undefined {
  const errors: ParseError[] = [];
  const content: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0 || typeof content !== 'object' || content === null || Array.isArray(content)) return undefined;
  const { features } = content as { features?: unknown };
  if (typeof features === 'object' && features !== null && Object.keys(features).some(isOurs)) return text;
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
  const formattingOptions = { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length, eol: '\n' };
  return applyEdits(text, modify(text, ['features', FEATURE], {}, { formattingOptions }));
}

/** Of whatever version, and from whatever mirror of the registry. */
function isOurs(reference: string): boolean {
  return /(^|\/)vscode-velocitas\/features\/velocitas([:@]|$)/.test(reference);
}
