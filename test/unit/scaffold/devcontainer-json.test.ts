import assert from 'node:assert/strict';
import { FEATURE, withFeature } from '../../../src/scaffold/devcontainer-json';

describe('our Feature in a devcontainer.json', () => {
  it('is added beside what there is, comments and layout kept', () => {
    const text = [
      '// Velocitas',
      '{',
      '    "image": "x", // pinned',
      '    "onCreateCommand": ".devcontainer/scripts/onCreateUserHook.sh",',
      '    "features": {',
      '        "ghcr.io/devcontainers/features/git:1": {}',
      '    },',
      '}',
      '',
    ].join('\n');
    const added = text.replace('git:1": {}', `git:1": {},\n        "${FEATURE}": {}`);
    assert.equal(withFeature(text), added);
  });

  it('is added where there were no features', () => {
    assert.equal(
      withFeature('{\n\t"image": "x"\n}\n'),
      `{\n\t"image": "x",\n\t"features": {\n\t\t"${FEATURE}": {}\n\t}\n}\n`,
    );
  });

  it('is added without layout where a line is indented by 200 columns, which the editor of JSON cannot do', () => {
    const text = `{\n${' '.repeat(200)}}`;
    assert.deepEqual(JSON.parse(withFeature(text) ?? ''), { features: { [FEATURE]: {} } });
  });

  it('is not added twice, whatever its version and options', () => {
    for (const reference of [FEATURE, 'mirror.example/vscode-velocitas/features/velocitas:0.1.0']) {
      const text = `{ "features": { "${reference}": { "dockerMode": "none" } } }`;
      assert.equal(withFeature(text), text);
    }
  });

  it('is not added to what cannot be read', () => {
    for (const text of ['', '[]', '{ "image": ', 'null', '{"a":'.repeat(100_000), '['.repeat(100_000)]) {
      assert.equal(withFeature(text), undefined);
    }
  });

  it('is not added where the features are none, or are said twice', () => {
    for (const text of ['{ "features": [] }', '{ "features": null }', '{ "features": {}, "features": {} }']) {
      assert.equal(withFeature(text), undefined, text);
    }
  });
});
