import assert from 'node:assert/strict';
import fc from 'fast-check';
import { harmless } from '../../../src/base/harmless';

const ESC = '\u001b';
const BEL = '\u0007';

describe('a line made harmless', () => {
  it('stays as it is when there is nothing in it', () => {
    assert.equal(harmless('tab\there, ünïcödé 🚗 [0m', false), 'tab\there, ünïcödé 🚗 [0m');
  });

  it('loses its colours in an output channel, and keeps them in a terminal', () => {
    const text = `${ESC}[1;31merror${ESC}[0m done`;
    assert.equal(harmless(text, false), 'error done');
    assert.equal(harmless(text, true), text);
  });

  const dangerous: Record<string, string> = {
    'a write to the clipboard (OSC 52)': `${ESC}]52;c;ZXZpbA==${BEL}`,
    'a title, ended by ST': `${ESC}]0;title${ESC}\\`,
    'a hyperlink': `${ESC}]8;;http://example.org${BEL}`,
    'a device control string': `${ESC}P1$r0m${ESC}\\`,
    'an application command': `${ESC}_payload${ESC}\\`,
    'a cursor movement': `${ESC}[2A${ESC}[2K`,
    'a cleared screen': `${ESC}[2J${ESC}[H`,
    'a private mode': `${ESC}[?1049h`,
    'a reset': `${ESC}c`,
    'a charset': `${ESC}(0`,
    'a query': `${ESC}[6n`,
    '8-bit sequences': '\u009b2A\u009d0;title\u009c',
  };
  for (const [what, sequence] of Object.entries(dangerous)) {
    it(`loses ${what}`, () => {
      assert.equal(harmless(`before${sequence}after`, true), 'beforeafter');
      assert.equal(harmless(`before${sequence}after`, false), 'beforeafter');
    });
  }

  it('takes nothing for a colour that only ends like one', () => {
    assert.equal(harmless(`a${ESC}[>4;2mb${ESC}[?4mc`, true), 'abc');
  });

  it('shows control characters by their symbols, so that none can forge a line', () => {
    assert.equal(harmless('10%\r20%\b\u0000\u007f', true), '10%␍20%␈␀␡');
    assert.equal(harmless('a\u2028b\u202ec', true), 'a\ufffdb\ufffdc');
  });

  it('shows what a string without an end says', () => {
    assert.equal(harmless(`a${ESC}]0;title and more`, true), 'a0;title and more');
  });

  it('drops a sequence that is cut off', () => {
    assert.equal(harmless(`a${ESC}[31`, true), 'a');
    assert.equal(harmless(`a${ESC}`, true), 'a');
  });

  it('contains nothing that a terminal obeys, whatever it was', () => {
    const character = fc.constantFrom(ESC, '[', ']', '0', ';', 'm', 'A', BEL, '\\', 'P', '\u009b', '\r', 'x', '?');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 60 }), (characters) => {
        const text = characters.join('');
        // eslint-disable-next-line no-control-regex
        assert.doesNotMatch(harmless(text, false), /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
        // eslint-disable-next-line no-control-regex
        const rest = harmless(text, true).replace(/\u001b\[[0-9:;]*m/g, '');
        // eslint-disable-next-line no-control-regex
        assert.doesNotMatch(rest, /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
      }),
    );
  });

  it('takes a line of ten million beginnings without an end', () => {
    // A search that starts anew at each of them would take hours.
    assert.equal(harmless(`${ESC}]`.repeat(5_000_000), false), '');
    assert.equal(harmless(`${ESC}[`.repeat(5_000_000), true), '');
  });
});
