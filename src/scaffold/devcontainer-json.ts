import { applyEdits, modify, parseTree, type ModificationOptions, type ParseError } from 'jsonc-parser';
import { offsetOfExcessiveDepth } from '../project';

/** Our Feature as devcontainers name it; the major version is pinned. */
export const FEATURE = 'ghcr.io/vscode-velocitas/features/velocitas:0';

/**
 * A `devcontainer.json` that also names our Feature; all else stays as it is, comments and layout included.
 *
 * @returns undefined when it is not one object, with one object of features at most.
 */
export function withFeature(text: string): string | undefined {
  if (offsetOfExcessiveDepth(text) !== undefined) return undefined;
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  if (errors.length > 0 || root?.type !== 'object') return undefined;
  const [features, another] = (root.children ?? []).flatMap(({ children: [key, value] = [] }) =>
    key?.value === 'features' && value ? [value] : [],
  );
  if (another || (features && features.type !== 'object')) return undefined;
  const names = (features?.children ?? []).map(({ children: [name] = [] }) => String(name?.value));
  if (names.some(isOurs)) return text;
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
  const formattingOptions = { insertSpaces: !indent.startsWith('\t'), tabSize: indent.length, eol: '\n' };
  const added = (options: ModificationOptions) => applyEdits(text, modify(text, ['features', FEATURE], {}, options));
  try {
    return added({ formattingOptions });
  } catch (error) {
    // jsonc-parser 3.3 cannot indent by exactly 200 columns; such a file gets the Feature without layout.
    if (!(error instanceof TypeError)) throw error;
    return added({});
  }
}

/** Of whatever version, and from whatever mirror of the registry. */
function isOurs(reference: string): boolean {
  return /(^|\/)vscode-velocitas\/features\/velocitas([:@]|$)/.test(reference);
}
