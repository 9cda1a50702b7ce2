import assert from 'node:assert/strict';
import fc from 'fast-check';
import { escapeMarkdown, momentText, row, tooltipText, visible } from '../../../src/editor/tree/node';

/** Every character that begins something in Markdown, as VS Code renders it. */
const MARKUP = Array.from('\\`*_{}[]()#+-.!|~$:=@');

/** What is left of Markdown when every escape is taken for the character that it stands for. */
function unescaped(markdown: string): string {
  return markdown
    .replace(/\\([\\`*_{}[\]()#+\-.!|~$:=@])/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

describe('text in a tooltip', () => {
  const attacks = [
    '[click](command:workbench.action.quit)',
    '![](https://evil.example/pixel.png)',
    '<img src=x onerror=alert(1)>',
    '<a href="command:x">x</a>',
    '$(bug) **bold** `code` ~~gone~~',
    'https://evil.example www.evil.example a@evil.example',
    '# heading',
    '1. list',
    '===',
    '---',
    '    code',
    '| a | b |',
    '\\[x](y)',
    '&lt;b&gt; &#60;b&#62;',
  ];
  for (const attack of attacks) {
    it(`shows as it stands: ${attack}`, () => {
      const escaped = escapeMarkdown(attack);
      assert.equal(unescaped(escaped), attack.trim());
      const bare = escaped.replace(/\\./g, '').replace(/&(amp|lt|gt);/g, '');
      for (const character of [...MARKUP, '<', '>', '&']) assert.ok(!bare.includes(character), `bare ${character}`);
    });
  }

  it('is escaped without loss, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const escaped = escapeMarkdown(text);
        assert.equal(unescaped(escaped), visible(text.trim()));
        assert.doesNotMatch(escaped, /[<>\n\r]/);
        assert.doesNotMatch(escaped, /^\s/);
      }),
    );
  });

  it('is of so many lines and so long at most', () => {
    const text = tooltipText(Array.from({ length: 500 }, () => ({ name: 'n', value: 'x'.repeat(100_000) })));
    assert.ok(text.length < 50_000);
    assert.match(text, /…/);
  });

  it('names what it says', () => {
    assert.equal(tooltipText([{ value: 'a' }, { name: 'b', value: 'c' }]), 'a  \n**b** c');
  });
});

describe('text in a row', () => {
  it('shows what cannot be seen as what it is', () => {
    const node = row({
      id: 'x',
      label: 'a\nb',
      description: 'c\u202ed',
      spoken: 'e\u0007f',
      icon: 'x',
      context: 'x',
      subject: {},
      children: [],
    });
    assert.deepEqual([node.label, node.description, node.spoken], ['a\ufffdb', 'c\ufffdd', 'e\ufffdf']);
  });
});

describe('a moment', () => {
  it('is written as people do it here, and kept as it is when it is none', () => {
    const moment = '2026-11-24T08:00:00.123456789Z';
    assert.equal(
      momentText(moment),
      new Date(moment).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }),
    );
    assert.match(momentText(moment), /2026/);
    assert.equal(momentText('soon'), 'soon');
    assert.equal(momentText(''), '');
  });
});
