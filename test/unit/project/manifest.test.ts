import assert from 'node:assert/strict';
import { places, readFiles, VALID } from './temporary-repository';

describe('AppManifest.json', () => {
  const read = (text: string) => readFiles({ ...VALID, 'app/AppManifest.json': text });

  it('reads v3', async () => {
    const repository = await read(`{
  "manifestVersion": "v3",
  "name": "SampleApp",
  "interfaces": [
    { "type": "vehicle-signal-interface", "config": { "src": "vss.json", "datapoints": { "required": [{ "path": "Vehicle.Speed", "access": "read" }] } } },
    { "type": "pubsub", "config": { "reads": ["a"], "writes": ["b"] } }
  ]
}`);
    assert.deepEqual(places(repository), []);
    const [app] = repository.apps;
    assert.equal(app?.id, 'sampleapp');
    assert.deepEqual(app.name.range?.start, { line: 3, column: 11 });
    assert.equal(app.manifest?.version, 'v3');
    assert.deepEqual(
      app.manifest.interfaces.map(({ type, range }) => [type, range.start.line]),
      [
        ['vehicle-signal-interface', 5],
        ['pubsub', 6],
      ],
    );
    assert.deepEqual(app.manifest.interfaces[1]?.config, { reads: ['a'], writes: ['b'] });
  });

  it('reads the older array form with its PascalCase keys, port and Dockerfile', async () => {
    const repository = await readFiles({
      'app/AppManifest.json': `[{
        "Name": "SeatAdjuster", "Port": "50009", "Dockerfile": "./src/VehicleApp/Dockerfile",
        "VehicleModel": { "Src": "model" },
        "Interfaces": [{ "Type": "pubsub", "Config": { "Reads": ["t"], "Deep": { "Key": 1 } } }]
      }]`,
      'src/VehicleApp/Dockerfile': 'FROM scratch\n',
    });
    assert.deepEqual(places(repository), []);
    const [app] = repository.apps;
    assert.equal(app?.id, 'seatadjuster');
    assert.equal(app.port, 50009);
    assert.equal(app.dockerfile.value, `${repository.root}/src/VehicleApp/Dockerfile`);
    assert.equal(app.dockerfile.range?.start.line, 2);
    assert.equal(app.manifest?.version, 'legacy');
    assert.deepEqual(
      app.manifest.interfaces.map(({ type, config }) => ({ type, config })),
      [
        { type: 'pubsub', config: { reads: ['t'], deep: { key: 1 } } },
        { type: 'vehicle-signal-interface', config: { src: 'model' } },
      ],
    );
  });

  it('reads several apps of one manifest, each with a Dockerfile of its own where there is one', async () => {
    const repository = await readFiles({
      'app/AppManifest.json': '[{ "Name": "One" }, { "Name": "Two" }, { "Name": "ONE" }]',
      'app/Dockerfile': 'FROM scratch\n',
      'app/Two/Dockerfile': 'FROM scratch\n',
    });
    assert.deepEqual(places(repository), []);
    assert.deepEqual(
      repository.apps.map(({ dockerfile }) => dockerfile.value.slice(repository.root.length)),
      ['/app/Dockerfile', '/app/Two/Dockerfile', '/app/Dockerfile'],
    );
    const ids = repository.apps.map(({ id }) => id);
    assert.deepEqual(ids.slice(0, 2), ['one', 'two']);
    assert.match(ids[2] ?? '', /^one-[0-9a-f]{8}$/);
  });

  it('reads a hundred apps of one manifest, and says where it stops', async () => {
    const repository = await read(`[\n${Array.from({ length: 102 }, (_, n) => `{ "Name": "app${n}" }`).join(',\n')}]`);
    assert.deepEqual(places(repository), ['app/AppManifest.json:102:1 error manifest-too-many-apps']);
    assert.equal(repository.apps.length, 100);
  });

  const malformed: [string, string, string[]][] = [
    ['a string', '"x"', ['1:1 error manifest-invalid']],
    ['an empty list', '[]', ['1:1 error manifest-empty']],
    ['a list of strings', '[\n "x"]', ['2:2 error manifest-invalid']],
    ['no name', '{ "manifestVersion": "v3" }', ['1:1 error manifest-name']],
    ['a name that is a number', '{ "manifestVersion": "v3",\n"name": 5 }', ['2:9 error manifest-name']],
    ['an empty name', '[{ "Name": " " }]', ['1:12 error manifest-name']],
    ['no version', '{ "name": "x" }', ['1:1 error manifest-version-missing']],
    ['an unknown version', '{ "manifestVersion": "v9", "name": "x" }', ['1:22 warning manifest-version-unknown']],
    ['a port that is none', '[{ "Name": "x", "Port": 70000 }]', ['1:25 error manifest-port']],
    [
      'interfaces as a map',
      '{ "manifestVersion": "v3", "name": "x",\n "interfaces": {} }',
      ['2:16 error manifest-interfaces'],
    ],
    [
      'an interface without type',
      '{ "manifestVersion": "v3", "name": "x",\n "interfaces": [ {} ] }',
      ['2:18 error manifest-interface'],
    ],
    [
      'a config that is a list',
      '{ "manifestVersion": "v3", "name": "x",\n "interfaces": [{ "type": "t", "config": [] }] }',
      ['2:42 error manifest-interface'],
    ],
    ['broken syntax', '{\n  "name": "x"\n  "interfaces": []\n}', ['3:3 error json-syntax']],
    [
      'a Dockerfile outside',
      '[{ "Name": "x", "Dockerfile": "../Dockerfile" }]',
      ['1:31 error path-outside-repository'],
    ],
  ];
  for (const [what, text, expected] of malformed) {
    it(`reports ${what} with its place`, async () => {
      assert.deepEqual(
        places(await read(text)),
        expected.map((place) => `app/AppManifest.json:${place}`),
      );
    });
  }

  it('names an app after its folder when the manifest cannot be read', async () => {
    const repository = await read('{');
    assert.equal(repository.apps.length, 1);
    assert.equal(repository.apps[0]?.name.value, repository.root.split('/').at(-1));
  });

  it('reports a missing manifest at .velocitas.json', async () => {
    const repository = await readFiles({ '.velocitas.json': '{}', 'app/Dockerfile': 'FROM scratch' });
    assert.deepEqual(places(repository), ['.velocitas.json:1:1 error manifest-missing']);
  });
});
