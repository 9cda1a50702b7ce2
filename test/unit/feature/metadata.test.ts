import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Ajv from 'ajv';
import { license, name as extensionName, publisher, version } from '../../../package.json';
import { NEWEST } from '../../stack/parts/workbench';
import metadata from '../../../devcontainer-feature/src/velocitas/devcontainer-feature.json';
import { FEATURE_SCHEMA } from './schema';

const folder = join(__dirname, '..', '..', '..', 'devcontainer-feature', 'src', 'velocitas');
const tests = join(__dirname, '..', '..', '..', 'devcontainer-feature', 'test', 'velocitas');

const text = (name: string) => readFile(join(folder, name), 'utf8');

describe('devcontainer-feature.json', () => {
  it('keeps the rules of the specification', () => {
    const ajv = new Ajv({ allErrors: true });
    const isValid = ajv.validate(FEATURE_SCHEMA, metadata);
    assert.ok(isValid, ajv.errorsText());
  });

  it('breaks them where it should: the rules can tell', () => {
    const ajv = new Ajv();
    const broken: object[] = [
      { ...metadata, id: undefined },
      { ...metadata, version: '1.0' },
      { ...metadata, id: 'two words' },
      { ...metadata, runArgs: ['--privileged'] },
      { ...metadata, mounts: [{ source: 'x', target: '/x', type: 'tmpfs' }] },
      { ...metadata, options: { k3d: { type: 'string', enum: ['1'] } } },
      { ...metadata, options: { k3d: { type: 'string', default: true } } },
      { ...metadata, options: { k3d: { type: 'string', default: '1', enum: ['1'], proposals: ['1'] } } },
    ];
    for (const value of broken) {
      const copy = JSON.parse(JSON.stringify(value)) as unknown;
      assert.equal(ajv.validate(FEATURE_SCHEMA, copy), false, JSON.stringify(copy));
    }
  });

  it('is the release of this very vapp', () => {
    assert.equal(metadata.id, 'velocitas');
    assert.equal(metadata.version, version);
    assert.equal(metadata.options.vapp.default, version);
    assert.equal(license, 'Apache-2.0');
    assert.deepEqual(metadata.customizations.vscode.extensions, [`${publisher}.${extensionName}`]);
  });

  it('has defaults that are among the choices', () => {
    for (const [name, option] of Object.entries(metadata.options)) {
      const choices = 'enum' in option ? option.enum : 'proposals' in option ? option.proposals : undefined;
      const isChoice = choices === undefined || option.default === '' || choices.includes(String(option.default));
      assert.ok(isChoice, name);
    }
  });

  it('depends on nothing that would have to be fetched, for it must work offline', () => {
    assert.ok(!('dependsOn' in metadata) && !('installsAfter' in metadata));
  });

  it('has the same defaults in install.sh', async () => {
    const script = await text('lib/options.sh');
    for (const [name, option] of Object.entries(metadata.options)) {
      const variable = name.toUpperCase();
      assert.ok(script.includes(`  ${variable}=\${${variable}:-${String(option.default)}}\n`), name);
    }
  });

  it('tells of every option in its notes', async () => {
    const notes = await text('NOTES.md');
    for (const [name, option] of Object.entries(metadata.options)) {
      const shown = option.default === '' ? '' : `\`${String(option.default)}\``;
      assert.match(notes, new RegExp(`^\\| \`${name}\` +\\| *${shown.replaceAll('.', '\\.')} *\\|`, 'm'), name);
    }
  });

  it('brings the Node that the tests have', async () => {
    assert.match(await text('lib/node.sh'), new RegExp(`^NODE_VERSION=${NEWEST.node}$`, 'm'));
  });

  it('has a script for each scenario, and a scenario for each script', async () => {
    const scenarios = Object.keys(JSON.parse(await readFile(join(tests, 'scenarios.json'), 'utf8')) as object);
    const scripts = (await readdir(tests)).filter((file) => file.endsWith('.sh')).map((file) => file.slice(0, -3));
    assert.deepEqual(scripts.sort(), [...scenarios, 'duplicate', 'test'].sort());
  });
});
