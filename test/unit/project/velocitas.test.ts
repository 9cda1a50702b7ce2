import assert from 'node:assert/strict';
import { places, problemWith, readFiles, VALID } from './temporary-repository';

describe('.velocitas.json', () => {
  const read = (text: string | Uint8Array) => readFiles({ ...VALID, '.velocitas.json': text });

  it('reads packages as a map', async () => {
    const { velocitas, problems } = await read(
      '{ "packages": { "devenv-runtimes": "v3.0.0", "devenv-github": "main" }, "components": ["runtime-local"], "cliVersion": "v0.9.0" }',
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      velocitas?.packages.map(({ name, version }) => [name, version]),
      [
        ['devenv-runtimes', 'v3.0.0'],
        ['devenv-github', 'main'],
      ],
    );
    assert.deepEqual(velocitas.components, ['runtime-local']);
    assert.equal(velocitas.cliVersion, 'v0.9.0');
  });

  it('reads packages as an array of repo or name, and components as objects', async () => {
    const { velocitas, problems } = await read(
      '{ "packages": [{ "repo": "a", "version": "v1" }, { "name": "b", "version": "v2" }], "components": [{ "id": "c" }] }',
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      velocitas?.packages.map(({ name, version }) => [name, version]),
      [
        ['a', 'v1'],
        ['b', 'v2'],
      ],
    );
    assert.deepEqual(velocitas.components, ['c']);
  });

  it('reads variables, the scoped form too', async () => {
    const repository = await read('{ "variables": { "language@devenv": "cpp", "language": "python", "n@p@q": 1 } }');
    assert.equal(repository.language, 'python');
    assert.deepEqual(
      repository.velocitas?.variables.map(({ name, scope, value }) => [name, scope, value]),
      [
        ['language', 'devenv', 'cpp'],
        ['language', undefined, 'python'],
        ['n', 'p@q', '1'],
      ],
    );
    assert.equal((await read('{ "variables": { "language@devenv": "cpp" } }')).language, 'cpp');
  });

  it('follows appManifestPath, with the Dockerfile beside it', async () => {
    const repository = await readFiles({
      '.velocitas.json': '{ "variables": { "appManifestPath": "src/M.json" } }',
      'src/M.json': '{ "manifestVersion": "v3", "name": "Other" }',
      'src/Dockerfile': 'FROM scratch\n',
    });
    assert.deepEqual(places(repository), []);
    assert.equal(repository.apps[0]?.name.value, 'Other');
    assert.equal(repository.apps[0].dockerfile.value, `${repository.root}/src/Dockerfile`);
  });

  it('tolerates a byte order mark and CRLF', async () => {
    const repository = await read('\uFEFF{\r\n  "variables": {\r\n    "language": 1 1\r\n  }\r\n}');
    assert.deepEqual(places(repository), ['.velocitas.json:3:19 error json-syntax']);
    assert.deepEqual((await read('\uFEFF{ "variables": { "language": "c" } }\r\n')).problems, []);
  });

  const malformed: [string, string, string[]][] = [
    ['empty', '', ['1:1 error json-syntax']],
    ['a trailing comma', '{\n  "packages": {},\n}', ['2:17 error json-trailing-comma']],
    ['a trailing comma in a list', '{\n  "components": ["a" , ]\n}', ['2:22 error json-trailing-comma']],
    ['a comment', '{\n  // why\n  "packages": {}\n}', ['2:3 error json-comment']],
    ['a missing comma', '{\n  "packages": {}\n  "components": []\n}', ['3:3 error json-syntax']],
    ['a missing colon', '{ "packages" {} }', ['1:14 error json-syntax']],
    ['a missing brace', '{\n  "packages": {}', ['2:17 error json-syntax']],
    ['an unquoted value', '{ "cliVersion": v1 }', ['1:17 error json-syntax']],
    ['text after the end', '{}\n\nx', ['3:1 error json-syntax']],
    ['a list', '[]', ['1:1 error velocitas-invalid']],
    ['packages as a string', '{\n "packages": "x" }', ['2:14 warning velocitas-invalid']],
    ['a package without version', '{ "packages": [{ "name": "x" }] }', ['1:16 warning velocitas-invalid']],
    ['a version that is a number', '{ "packages": { "x": 1 } }', ['1:22 warning velocitas-invalid']],
    ['components as a map', '{ "components": {} }', ['1:17 warning velocitas-invalid']],
    ['a component that is a number', '{ "components": [ 5 ] }', ['1:19 warning velocitas-invalid']],
    ['variables as a list', '{ "variables": [] }', ['1:16 warning velocitas-invalid']],
    ['a variable that is a list', '{ "variables": { "x": [] } }', ['1:23 warning velocitas-invalid']],
    ['a key that occurs twice', '{ "cliVersion": "a", "cliVersion": "b" }', ['1:22 warning json-duplicate-key']],
    [
      'a manifest path that is a number',
      '{ "variables": { "appManifestPath": 7 } }',
      ['1:37 error velocitas-manifest-path'],
    ],
    [
      'a manifest that is not there',
      '{\n "variables": {\n  "appManifestPath": "no.json" } }',
      ['3:22 error manifest-missing'],
    ],
    [
      'an absolute manifest path',
      '{ "variables": { "appManifestPath": "/etc/x.json" } }',
      ['1:37 error path-absolute'],
    ],
    [
      'a manifest path that leads out',
      '{ "variables": { "appManifestPath": "a/../../x" } }',
      ['1:37 error path-outside-repository'],
    ],
    ['nesting without end', '['.repeat(100_000), ['1:201 error json-too-deep']],
  ];
  for (const [what, text, expected] of malformed) {
    it(`reports ${what} with its place`, async () => {
      assert.deepEqual(
        places(await read(text)),
        expected.map((place) => `.velocitas.json:${place}`),
      );
    });
  }

  it('refuses a file above 1 MiB and one that is not UTF-8', async () => {
    assert.deepEqual(places(await read(' '.repeat(1024 * 1024 + 1))), ['.velocitas.json:1:1 error file-too-large']);
    const latin1 = Buffer.from('{\n "cliVersion": "\u00e4" }', 'latin1');
    assert.deepEqual(places(await read(latin1)), ['.velocitas.json:2:17 error file-not-utf8']);
  });

  it('says what to do about comments and commas', async () => {
    const repository = await read('{\n  // why\n  "packages": {},\n}');
    assert.equal(problemWith(repository, 'json-comment').hint, 'Remove the comment.');
    assert.equal(problemWith(repository, 'json-trailing-comma').hint, 'Remove the comma.');
  });
});
