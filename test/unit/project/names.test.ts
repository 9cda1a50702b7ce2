import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applicationId, isDnsLabel } from '../../../src/project';
import { closest } from '../../../src/project/names';

describe('applicationId', () => {
  const cases: [string, string][] = [
    ['SampleApp', 'sampleapp'],
    ['My Vehicle App', 'my-vehicle-app'],
    ['Türöffner Größe', 'tueroeffner-groesse'],
    ['Tu\u0308r', 'tuer'],
    ['ÄÖÜ', 'aeoeue'],
    ['Café à la carte', 'cafe-a-la-carte'],
    ['Æther Øre Łódź', 'aether-ore-lodz'],
    ['seat_adjuster.v2', 'seat-adjuster-v2'],
    ['--app--', 'app'],
    ['3D View', 'app-3d-view'],
    ['İstanbul', 'istanbul'],
  ];
  for (const [name, id] of cases) {
    it(`turns ${name} into ${id}`, () => assert.equal(applicationId(name), id));
  }

  it('gives names of other scripts ids of their own', () => {
    assert.match(applicationId('車両アプリ'), /^app-[0-9a-f]{8}$/);
    assert.notEqual(applicationId('車両アプリ'), applicationId('Приложение'));
    assert.notEqual(applicationId('Приложение 1'), applicationId('Программа 1'));
  });

  it('cuts long names so that they stay distinct', () => {
    const long = 'x'.repeat(100);
    assert.equal(applicationId(long).length, 53);
    assert.notEqual(applicationId(`${long}a`), applicationId(`${long}b`));
  });

  it('keeps ids unique among those taken, independently of which others there are', () => {
    const first = applicationId('My App', new Set(['my-app']));
    assert.match(first, /^my-app-[0-9a-f]{8}$/);
    assert.equal(applicationId('My App', new Set(['my-app', 'another'])), first);
    assert.equal(applicationId('My App', new Set(['my-app', first])), `${first}-2`);
  });

  const anyName = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 120 }), fc.string({ unit: 'binary' }), fc.string());

  it('is a DNS-1123 label of at most 53 characters that starts with a letter, for any name', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const id = applicationId(name);
        assert.ok(isDnsLabel(id, 53) && /^[a-z]/.test(id), `${JSON.stringify(name)} → ${id}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the apps of one repository ids that all differ', () => {
    fc.assert(
      fc.property(fc.array(anyName, { maxLength: 12 }), (names) => {
        const taken = new Set<string>();
        for (const name of names) {
          const id = applicationId(name, taken);
          assert.ok(!taken.has(id) && isDnsLabel(id, 53));
          taken.add(id);
        }
      }),
    );
  });

  it('keeps names apart that differ in letters of any script', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', 'ж', 'щ', '車', '両', 'ا', 'ب'),
      minLength: 1,
      maxLength: 80,
    });
    fc.assert(
      fc.property(letters, letters, (a, b) => {
        assert.equal(applicationId(a) === applicationId(b), a === b);
      }),
    );
  });
});

describe('closest', () => {
  it('finds what was meant', () => {
    assert.equal(closest('dockerfle', ['dockerfile', 'context']), 'dockerfile');
    assert.equal(closest('dockerFile', ['dockerfile', 'context']), 'dockerfile');
    assert.equal(closest('RNU', ['RUN', 'ENV']), 'RUN');
  });
  it('suggests nothing where nothing is near', () => {
    assert.equal(closest('colour', ['dockerfile', 'context']), undefined);
    assert.equal(closest('x', []), undefined);
  });
  it('does not compare what is too long for a mistake', () => {
    const long = 'a'.repeat(1_000_000);
    assert.equal(closest(long, [long, `${long}b`]), undefined);
  });
});
