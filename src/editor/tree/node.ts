import type { SourceRange } from '../../base';

/** Translates as `vscode.l10n` does; handed in, so that what is shown can be told without an editor. */
export interface L10n {
  t(message: string, ...args: (string | number | boolean)[]): string;
}

/** Colours by meaning; the provider knows the theme's names for them. */
export type Tone = 'good' | 'bad' | 'warning' | 'faint';

/** What a node stands for, by names; the provider adds the folder. */
export interface NodeSubject {
  readonly app?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly service?: string;
  /** Address of a forwarded port. */
  readonly forward?: string;
}

/** One row of the tree, as it is to be shown. */
export interface TreeNode {
  /** The same as long as the thing is, so that what is expanded and selected stays so. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  /** Name of a product icon. */
  readonly icon: string;
  readonly tone?: Tone;
  /** Words that the menus of `package.json` look for. */
  readonly context: string;
  /** Lines of name and value. */
  readonly tooltip?: readonly TooltipLine[];
  /** What a screen reader says, where label and description are not enough. */
  readonly spoken?: string;
  /** Opened by a click. */
  readonly opens?: SourceRange;
  readonly subject: NodeSubject;
  readonly children: readonly TreeNode[];
  /** Whether the children are shown at first. */
  readonly open?: boolean;
}

/**
 * The id of a row that is to be open as soon as there is something below it. The editor keeps a row that it has drawn
 * without children closed for as long as its id stays the same.
 */
export function expandable(id: string, children: readonly TreeNode[]): string {
  return children.length > 0 ? id : `${id}/empty`;
}

export interface TooltipLine {
  readonly name?: string;
  readonly value: string;
}

/** So many characters of a text are shown in a row, and in a line of a tooltip. */
const ROW_LENGTH = 300;
const TOOLTIP_LENGTH = 1000;
/** Lines of a tooltip; what there is more of is in the output. */
const TOOLTIP_LINES = 20;

/** A row whose texts do no harm, wherever they come from: files, the cluster, the output of a tool. */
export function row(node: TreeNode): TreeNode {
  const { description, spoken } = node;
  return {
    ...node,
    label: shown(node.label),
    ...(description === undefined ? {} : { description: shown(description) }),
    ...(spoken === undefined ? {} : { spoken: shown(spoken) }),
  };
}

function shown(text: string): string {
  return visible(shorten(text, ROW_LENGTH));
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Control characters, line breaks and what turns the direction of writing would forge rows; they show as what they are. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}');
}

/** Text that Markdown shows as it stands: no link, no image, no icon, no HTML, no block, one line. */
export function escapeMarkdown(text: string): string {
  return visible(shorten(text.trim(), TOOLTIP_LENGTH))
    .replace(/[\\`*_{}[\]()#+\-.!|~$:=@]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** A tooltip as Markdown. */
export function tooltipText(lines: readonly TooltipLine[]): string {
  return lines
    .slice(0, TOOLTIP_LINES)
    .map(({ name, value }) =>
      name === undefined ? escapeMarkdown(value) : `**${escapeMarkdown(name)}** ${escapeMarkdown(value)}`,
    )
    .join('  \n');
}

/** A moment as people write it where the editor runs. Ages would have to be drawn anew all the time. */
export function momentText(rfc3339: string): string {
  const moment = new Date(rfc3339);
  if (Number.isNaN(moment.getTime())) return rfc3339;
  // Made once, since making it takes longer than drawing many rows.
  momentFormat ??= new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return momentFormat.format(moment);
}

let momentFormat: Intl.DateTimeFormat | undefined;
