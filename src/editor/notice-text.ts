import { harmless } from '../base';

/**
 * A text that stands for itself in a notification. There the editor makes a link of `[words](command:…)`, which runs the
 * command when it is clicked, whoever wrote the text; and it shows one line.
 */
export function noticeText(text: string): string {
  return harmless(text.replace(/\s*[\r\n]+\s*/g, ' '), false).replaceAll('](', '] (');
}

/** Text in Markdown that makes no link, no image and no HTML. What else Markdown knows may stay. */
export function withoutLinks(text: string): string {
  return harmless(text.replace(/\s*[\r\n]+\s*/g, ' '), false)
    .replace(/[[\]\\]/g, '\\$&')
    .replaceAll('<', '&lt;');
}
