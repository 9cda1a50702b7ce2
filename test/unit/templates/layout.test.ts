import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import { readRepository } from '../../../src/project';
import {
  FEATURE,
  assembleTemplate,
  complaintAboutName,
  createApp,
  listTemplates,
  templateFiles,
  type GeneratedFile,
} from '../../../src/scaffold';
import { TEMPLATES } from '../../support/sample';

/** What a `devcontainer-template.json` may say: https://containers.dev/implementors/templates/ */
const KEYS = [
  'id',
  'version',
  'name',
  'description',
  'documentationURL',
  'licenseURL',
  'options',
  'platforms',
  'publisher',
  'keywords',
  'optionalPaths',
];

/** What every template has, and its readers look for. */
const FILES = [
  '.devcontainer/devcontainer.json',
  '.dockerignore',
  '.github/workflows/ci.yml',
  '.github/workflows/release.yml',
  '.gitignore',
  '.velocitas.json',
  'app/AppManifest.json',
  'app/Dockerfile',
  'readme.md',
  'runtime.json',
  'vapp.yaml',
];

interface Description {
  readonly id: string;
  readonly version: string;
  readonly options: Readonly<Record<string, { type: string; default: string; description: string }>>;
}

const ids = readdirSync(join(TEMPLATES.directory, 'src'));

describe('the templates', () => {
  it('are all described', async () => {
    assert.deepEqual((await listTemplates(TEMPLATES)).map(({ id }) => id).sort(), ids.sort());
  });

  it('speak one version of the databroker’s API', () => {
    const file = 'app/proto/kuksa/val/v1/val.proto';
    const texts = ['cpp', 'go', 'typescript'].map((id) =>
      readFileSync(join(TEMPLATES.directory, 'src', id, file), 'utf8').replace(/^option go_package.*\n\n/m, ''),
    );
    assert.equal(new Set(texts).size, 1);
  });

  for (const id of ids) {
    describe(id, () => {
      const file = join(TEMPLATES.directory, 'src', id, 'devcontainer-template.json');
      const description = JSON.parse(readFileSync(file, 'utf8')) as Description & Readonly<Record<string, unknown>>;
      let files: readonly GeneratedFile[];

      before(async () => {
        files = await assembleTemplate(TEMPLATES, id);
      });

      it('is described as tools for dev container templates want it', () => {
        assert.deepEqual(
          Object.keys(description).filter((key) => !KEYS.includes(key)),
          [],
        );
        assert.equal(description.id, id);
        assert.match(description.version, /^\d+\.\d+\.\d+$/);
        for (const key of ['name', 'description', 'publisher']) assert.ok(description[key], key);
        for (const key of ['documentationURL', 'licenseURL']) assert.match(String(description[key]), /^https:/);
        const { appName, ...others } = description.options;
        assert.deepEqual(others, {}, 'nothing else can be said to `vapp new`');
        assert.equal(appName?.type, 'string');
        assert.equal(complaintAboutName(appName.default), undefined);
      });

      it('has everything in one folder when it is published', () => {
        const paths = files.map(({ path }) => path);
        assert.deepEqual(
          [...FILES, 'devcontainer-template.json'].filter((path) => !paths.includes(path)),
          [],
        );
      });

      it('has no file that those tools leave out when they apply it', () => {
        // Wherever this is in a path: the tools take such a file for one about the template.
        assert.deepEqual(
          files.filter(({ path }) => /README\.md|NOTES\.md/.test(path)),
          [],
        );
      });

      it('is text, in which all options are declared', () => {
        for (const { path, content } of files) {
          assert.doesNotMatch(content, /[\0\ufffd]/, path);
          for (const [, name = ''] of content.matchAll(/\$\{templateOption:\s*(\w*)/g))
            assert.ok(name in description.options, `${path}: ${name}`);
        }
      });

      it('has a devcontainer with our Feature', async () => {
        const applied = await templateFiles(TEMPLATES, id, { appName: 'SpeedApp' });
        const devcontainer = applied.find(({ path }) => path === '.devcontainer/devcontainer.json');
        const { name, features } = parse(devcontainer?.content ?? '') as { name: string; features: object };
        assert.equal(name, 'SpeedApp');
        assert.ok(FEATURE in features);
      });

      for (const name of ['SampleApp', 'seat-adjuster_2', 'X'.repeat(63)]) {
        it(`gives an app ${name} a repository without problems`, async () => {
          const base = mkdtempSync(join(tmpdir(), 'vapp-unit-'));
          try {
            const folder = await createApp(TEMPLATES, { template: id, name, folder: join(base, 'app') });
            const { apps, services, problems } = await readRepository(folder);
            assert.deepEqual(problems, []);
            assert.deepEqual(
              apps.map((app) => [app.name.value, app.port, app.platforms]),
              [[name, 50008, ['linux/amd64', 'linux/arm64']]],
            );
            assert.deepEqual(services.map((service) => service.id).sort(), ['mqtt-broker', 'vehicledatabroker']);
          } finally {
            rmSync(base, { recursive: true });
          }
        });
      }
    });
  }
});
