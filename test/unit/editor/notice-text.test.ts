import assert from 'node:assert/strict';
import { noticeText, withoutLinks } from '../../../src/editor/notice-text';
import { escapeMarkdown } from '../../../src/editor/tree/node';

/** As the editor finds links in notifications: `parseLinkedText` in its `linkedText.ts`. */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
const COMMAND = '[Fix it](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%5Cn%22%7D "Fix")';

describe('a text in a notification', () => {
  it('is one in which the editor would find a link, but for us', () => {
    assert.match(COMMAND, LINK);
    for (const text of [COMMAND, `a ${COMMAND} b ${COMMAND}`, '[[x](file:///etc/passwd)', '[x]\u0000(command:y)']) {
      assert.doesNotMatch(noticeText(text), LINK, text);
    }
  });

  it('has one line, and nothing that hides what it says', () => {
    assert.equal(noticeText('one\r\n  two\u202ethree\u001b[8mfour\u0007'), 'one two\ufffdthreefour␇');
  });

  it('stays what it is otherwise', () => {
    const text = 'Building “größe [1]” (app) failed: see https://docs.docker.com.';
    assert.equal(noticeText(text), text);
  });
});

describe('a text in a report', () => {
  it('makes no link, no image and no HTML', () => {
    const text = withoutLinks(`![x](https://evil/pixel.png) ${COMMAND} <img src=x> \\[y](command:z)`);
    assert.doesNotMatch(text, /(?<!\\)(\\\\)*[[\]<]/);
    assert.equal(withoutLinks('`vapp up` and *more* at https://x'), '`vapp up` and *more* at https://x');
  });
});

describe('a text in a tooltip', () => {
  it('makes no link, no image, no icon and no HTML', () => {
    const text = escapeMarkdown(`${COMMAND} ![x](https://evil/p.png) $(warning) <a href="command:x"> <!-- \n# x`);
    assert.doesNotMatch(text, /(?<!\\)(\\\\)*[[\]()!$<#]/);
    assert.doesNotMatch(text, /\n/);
  });
});
