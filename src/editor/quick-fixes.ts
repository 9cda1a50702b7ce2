import {
  CodeAction,
  CodeActionKind,
  Uri,
  l10n,
  languages,
  type CodeActionContext,
  type CodeActionProvider,
  type Diagnostic,
  type Range,
  type TextDocument,
} from 'vscode';
import { failureActions, type FailureAction } from './failure-actions';
import type { Diagnostics } from './diagnostics';
import { toRange, type About } from './failure-message';
import { Owner } from './owner';

/** What can be done about a failure, offered where its line is underlined and in its hover. */
export class QuickFixes extends Owner implements CodeActionProvider {
  constructor(private readonly diagnostics: Diagnostics) {
    super();
    const providedCodeActionKinds = [CodeActionKind.QuickFix];
    this.own(languages.registerCodeActionsProvider({ scheme: 'file' }, this, { providedCodeActionKinds }));
  }

  provideCodeActions({ uri }: TextDocument, _range: Range, { diagnostics }: CodeActionContext): CodeAction[] {
    return diagnostics.flatMap((diagnostic) => {
      const told = this.diagnostics.failureAt(uri, diagnostic);
      if (!told) return [];
      const { failure, about } = told;
      // Whoever looks at it has its file open.
      const [, ...others] = failureActions(failure, about.origin, l10n);
      return others.map((action) => fixOf(action, about, diagnostic));
    });
  }
}

function fixOf(action: FailureAction, { target }: About, diagnostic: Diagnostic): CodeAction {
  const fix = new CodeAction(action.label, CodeActionKind.QuickFix);
  fix.diagnostics = [diagnostic];
  fix.command =
    action.kind === 'open'
      ? {
          command: 'vscode.open',
          title: action.label,
          arguments: [Uri.file(action.range.file), { selection: toRange(action.range) }],
        }
      : { command: `velocitas.${action.command}`, title: action.label, arguments: [{ target }] };
  return fix;
}
