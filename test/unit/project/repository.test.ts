import assert from 'node:assert/strict';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { Cancelled, Failure } from '../../../src/base';
import { readRepository, type Repository } from '../../../src/project';
import { Findings } from '../../../src/project/findings';
import { parseJson } from '../../../src/project/json-text';
import { SourceText } from '../../../src/project/text-ranges';
import { places, readFiles, temporaryFolder, VALID, writeFiles } from './temporary-repository';

describe('readRepository', () => {
  it('reads a repository of the Velocitas layout', async () => {
    const repository = await readFiles(VALID);
    assert.deepEqual(places(repository), []);
    assert.equal(repository.language, 'python');
    assert.equal(repository.apps.length, 1);
  });

  it('keeps symbolic links in paths, spaces and other scripts included, and tells the real root', async () => {
    const base = await temporaryFolder();
    const real = join(base, 'größer als 車');
    await writeFiles(real, { ...VALID, 'app/Dockerfile': 'RNU x' });
    const link = join(base, 'my link');
    await symlink(real, link);
    const repository = await readRepository(link);
    assert.equal(repository.root, link);
    assert.equal(repository.realRoot, real);
    assert.equal(repository.apps[0]?.dockerfile.value, join(link, 'app/Dockerfile'));
    assert.deepEqual(places(repository), ['app/Dockerfile:1:1 error dockerfile-unknown-instruction']);
  });

  it('names every file to watch, those that are not there too', async () => {
    const repository = await readFiles(VALID);
    const { root } = repository;
    for (const file of [
      'vapp.yaml',
      '.velocitas.json',
      'app/AppManifest.json',
      'app/Dockerfile',
      'deploy/SampleApp/helm/Chart.yaml',
      'deploy/sampleapp/helm/Chart.yaml',
      'deploy/VehicleApp/helm/Chart.yaml',
      'runtime.json',
    ]) {
      assert.ok(repository.sources.includes(join(root, file)), file);
    }
    assert.equal(new Set(repository.sources).size, repository.sources.length);
  });

  it('lists the problems of several files in file order', async () => {
    const repository = await readFiles({
      'runtime.json': '{}',
      'vapp.yaml': 'runtime:\n  x: 1\n  y: 2\n',
      '.velocitas.json': '{ "packages": 1 }',
      'app/AppManifest.json': '{',
      'app/Dockerfile': 'FROM a\nBAD\n',
    });
    assert.deepEqual(places(repository), [
      'vapp.yaml:2:3 error vapp-unknown-key',
      'vapp.yaml:3:3 error vapp-unknown-key',
      '.velocitas.json:1:15 warning velocitas-invalid',
      'app/AppManifest.json:1:2 error json-syntax',
      'app/Dockerfile:2:1 error dockerfile-unknown-instruction',
      'runtime.json:1:1 error services-invalid',
    ]);
  });

  const failsWith = (code: string, fault: string) => (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.deepEqual([error.code, error.fault], [code, fault]);
    return true;
  };

  it('throws where the root is missing, a file, or no Vehicle App', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { file: '' });
    for (const path of [join(root, 'missing'), join(root, 'file'), join(root, 'file', 'below'), root]) {
      await assert.rejects(readRepository(path), failsWith('repository-not-found', 'usage'));
    }
  });

  it('throws where the root is a symbolic link to itself', async () => {
    const root = await temporaryFolder();
    await symlink('loop', join(root, 'loop'));
    await assert.rejects(readRepository(join(root, 'loop')), failsWith('file-unreadable', 'environment'));
  });

  it('stops when cancelled', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, VALID);
    await assert.rejects(readRepository(root, { signal: AbortSignal.abort() }), Cancelled);
  });

  it('never throws for what the files say, and places every problem inside a file', async () => {
    const root = await temporaryFolder();
    const fragments = [
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"',
        '\n',
        '\r\n',
        ' ',
        '- ',
        '&a ',
        '*a',
        '<<: ',
        '!!x ',
        '|',
        '>',
        '#',
        '${{',
        '\t',
      ],
      ...[
        'apps',
        'name',
        'chart',
        'config',
        'key',
        'value',
        'id',
        'FROM',
        'RUN <<E',
        'null',
        '1',
        '__proto__',
        '\0',
        '\uFEFF',
      ],
    ];
    const text = fc.oneof(
      fc.array(fc.constantFrom(...fragments), { maxLength: 40 }).map((parts) => parts.join('')),
      fc.json(),
      fc.string({ unit: 'binary' }),
    );
    const files = fc.dictionary(
      fc.constantFrom(
        ...['vapp.yaml', '.velocitas.json', 'app/AppManifest.json', 'app/Dockerfile', 'runtime.json'],
        ...['deploy/VehicleApp/helm/Chart.yaml', 'deploy/VehicleApp/helm/values.yaml'],
      ),
      text,
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(files, async (changed) => {
        await writeFiles(root, { ...VALID, ...changed });
        await checkPlaces(await readRepository(root));
      }),
      { numRuns: 200 },
    );
  }).timeout(60_000);
});

describe('parseJson', () => {
  it('accepts what JSON.parse accepts, and nothing else', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '.5',
      'true',
      'nul',
      ' ',
      '//',
      '\\u00',
      '\t',
    );
    const text = fc.oneof(
      fc.json(),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const findings = new Findings();
        const tree = parseJson(new SourceText('/x.json', candidate), findings);
        const isJson = parses(candidate);
        assert.equal(tree !== undefined, isJson, candidate);
        assert.equal(
          findings.problems.some(({ severity }) => severity === 'error'),
          !isJson,
          candidate,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function checkPlaces(repository: Repository): Promise<void> {
  for (const { range, message } of repository.problems) {
    assert.ok(repository.sources.includes(range.file), range.file);
    const lines = (await readFile(range.file, 'utf8').catch(() => '')).replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
    for (const { line, column } of [range.start, range.end]) {
      const length = lines[line - 1]?.length ?? -1;
      assert.ok(column >= 1 && column <= length + 1, `${range.file}:${line}:${column} ${message}`);
    }
  }
}
