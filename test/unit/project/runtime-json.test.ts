import assert from 'node:assert/strict';
import { places, problemWith, readFiles, VALID, type Files } from './temporary-repository';

describe('runtime.json', () => {
  const read = (text: string, files: Files = {}) => readFiles({ ...VALID, ...files, 'runtime.json': text });
  const config = (...entries: [string, unknown][]) => entries.map(([key, value]) => ({ key, value }));
  const readConfig = (...entries: [string, unknown][]) =>
    read(JSON.stringify([{ id: 'x', config: config(['image', 'i'], ...entries) }]));

  it('may be absent: an MQTT broker and a databroker then', async () => {
    const { services } = await readFiles(VALID);
    assert.deepEqual(services, [
      {
        id: 'mqtt-broker',
        enabled: true,
        image: 'eclipse-mosquitto:2.0',
        args: ['mosquitto', '-c', '/mosquitto-no-auth.conf'],
        env: {},
        ports: [{ container: 1883, node: 31883, host: 31883 }],
        mounts: [],
        interfaces: ['mqtt'],
      },
      {
        id: 'vehicledatabroker',
        enabled: true,
        image: 'ghcr.io/eclipse-kuksa/kuksa-databroker:0.4.4',
        args: ['--insecure'],
        env: {},
        ports: [{ container: 55555, node: 30555, host: 30555 }],
        mounts: [],
        interfaces: [],
      },
    ]);
  });

  it('lists exactly the services there are; repeated keys accumulate', async () => {
    const repository = await read(
      JSON.stringify([
        {
          id: 'mqtt-broker',
          interfaces: ['mqtt'],
          config: config(
            ['image', 'eclipse-mosquitto:2.0.14'],
            ['port', '1883'],
            ['port-forward', '1883:1883'],
            ['port', 9001],
            ['arg', 'mosquitto'],
            ['arg', '-c'],
            ['env', 'A=b=c'],
            ['env', 'EMPTY='],
            ['mount', 'config/my broker.conf:/etc/mosquitto.conf'],
            ['start-pattern', '.*running\n'],
            ['no-dapr', true],
          ),
        },
        { id: 'mockservice' },
      ]),
      { 'config/my broker.conf': 'x' },
    );
    assert.deepEqual(places(repository), []);
    const { root, services } = repository;
    assert.deepEqual(
      services.map(({ id }) => id),
      ['mqtt-broker', 'mockservice'],
    );
    const [broker, mock] = services;
    assert.equal(broker?.image, 'eclipse-mosquitto:2.0.14');
    assert.deepEqual(broker.args, ['mosquitto', '-c']);
    assert.deepEqual(broker.env, { A: 'b=c', EMPTY: '' });
    assert.deepEqual(broker.ports, [{ container: 1883, node: 31883, host: 1883 }, { container: 9001 }]);
    assert.deepEqual(broker.mounts, [{ source: `${root}/config/my broker.conf`, target: '/etc/mosquitto.conf' }]);
    assert.match(mock?.image ?? '', /mock-provider/);
    assert.ok(repository.sources.includes(`${root}/config/my broker.conf`));
  });

  it('gives forwarded ports distinct node ports that stay the same', async () => {
    const entries: [string, unknown][] = Array.from({ length: 40 }, (_, index) => [
      'port-forward',
      `${9000 + index}:${8000 + index}`,
    ]);
    const ports = async () => (await readConfig(...entries)).services[0]?.ports ?? [];
    const first = await ports();
    const nodes = first.map(({ node }) => node);
    assert.equal(new Set(nodes).size, 40);
    assert.ok(nodes.every((node) => node !== undefined && node >= 30000 && node <= 32767));
    assert.deepEqual(first[0], { container: 8000, host: 9000, node: nodes[0] });
    assert.deepEqual(await ports(), first);
  });

  it('does not look into a disabled service', async () => {
    const repository = await read(
      JSON.stringify([{ id: 'feedercan', config: config(['enabled', 'false'], ['mount', 'nowhere:/x']) }]),
    );
    assert.deepEqual(places(repository), []);
    assert.equal(repository.services[0]?.enabled, false);
  });

  it('leaves out what only the CLI of Velocitas can fill in', async () => {
    const repository = await read(
      `[{ "id": "vehicledatabroker", "config": [
  { "key": "env", "value": "FILE=\${{ builtin.cache.vspec_file_path }}" },
  { "key": "enabled", "value": true }
]}]`,
    );
    assert.deepEqual(places(repository), ['runtime.json:2:28 warning service-placeholder']);
    assert.deepEqual(repository.services[0]?.env, {});
    assert.deepEqual(repository.services[0].args, ['--insecure']);
  });

  it('warns of unknown keys and suggests the one that was meant', async () => {
    const repository = await readConfig(['prot', '1']);
    const problem = problemWith(repository, 'service-unknown-key');
    assert.equal(problem.severity, 'warning');
    assert.equal(problem.hint, 'Did you mean "port"?');
  });

  it('warns where a service and vapp.yaml want the same port on localhost', async () => {
    const files = { 'vapp.yaml': 'runtime:\n  ports: [{ host: 1883, node: 30001 }]\n' };
    const text = JSON.stringify([{ id: 'mqtt-broker', config: config(['port-forward', '1883:1883']) }]);
    assert.deepEqual(places(await read(text, files)), ['runtime.json:1:8 warning port-twice']);
  });

  const line = (key: string, value: unknown) =>
    `[{ "id": "x", "config": [\n { "key": "image", "value": "i" },\n { "key": "${key}", "value": ${JSON.stringify(value)} }]}]`;
  const malformed: [string, string, string[]][] = [
    ['broken syntax', '[\n  { "id": "x" \n', ['3:1 error json-syntax']],
    ['a map', '{}', ['1:1 error services-invalid']],
    ['a service that is a string', '[\n "x"]', ['2:2 error service-id']],
    ['a service without id', '[\n {}]', ['2:2 error service-id']],
    ['an id that is a number', '[{ "id": 1 }]', ['1:10 error service-id']],
    ['an id that names no service', '[{ "id": "My Service" }]', ['1:10 error service-id']],
    ['an id that occurs twice', '[{ "id": "mockservice" },\n { "id": "mockservice" }]', ['2:10 error service-twice']],
    ['a service without image', '[\n { "id": "mine" }]', ['2:10 error service-image-missing']],
    ['a config that is a map', '[{ "id": "mockservice",\n "config": {} }]', ['2:12 error service-config']],
    [
      'an entry without value',
      '[{ "id": "mockservice",\n "config": [{ "key": "arg" }] }]',
      ['2:13 error service-config'],
    ],
    [
      'an entry without key',
      '[{ "id": "mockservice",\n "config": [{ "value": "arg" }] }]',
      ['2:13 error service-config'],
    ],
    [
      'an empty image',
      '[{ "id": "mockservice",\n "config": [{ "key": "image", "value": "" }] }]',
      ['2:40 error service-config'],
    ],
    [
      'interfaces that are no list',
      '[{ "id": "mockservice",\n "interfaces": "x" }]',
      ['2:16 warning service-interfaces'],
    ],
    ['an image that is an option', line('image', '--privileged'), ['3:29 error service-config']],
    ['an image that asks the engine for something else', line('image', 'prune?a='), ['3:29 error service-config']],
    ['an image that leads elsewhere', line('image', '../containers/x'), ['3:29 error service-config']],
    ['an image with a command in it', line('image', '$(id)'), ['3:29 error service-config']],
    ['enabled that is neither', line('enabled', 'perhaps'), ['3:31 error service-config']],
    ['a port that is a word', line('port', 'http'), ['3:28 error service-config']],
    ['port 0', line('port', 0), ['3:28 error service-config']],
    ['a port above 65535', line('port-forward', '1:65536'), ['3:36 error service-config']],
    ['a forward of three parts', line('port-forward', '1:2:3'), ['3:36 error service-config']],
    ['a variable without value', line('env', 'NAME'), ['3:27 error service-config']],
    ['a variable without name', line('env', '=x'), ['3:27 error service-config']],
    ['a mount without target', line('mount', 'file'), ['3:29 error service-config']],
    ['a mount with a relative target', line('mount', 'a:b'), ['3:29 error service-config']],
    ['a mount that is not there', line('mount', 'no.txt:/x'), ['3:29 error service-mount']],
    ['a mount of a folder', line('mount', 'app:/x'), ['3:29 error service-mount']],
    ['a mount from outside', line('mount', '../x:/x'), ['3:29 error path-outside-repository']],
    ['an absolute mount', line('mount', '/etc/passwd:/x'), ['3:29 error path-absolute']],
  ];
  for (const [what, text, expected] of malformed) {
    it(`reports ${what} with its place`, async () => {
      assert.deepEqual(
        places(await read(text)),
        expected.map((place) => `runtime.json:${place}`),
      );
    });
  }

  it('refuses to mount a file above 1 MiB', async () => {
    const repository = await read(line('mount', 'big.bin:/x'), { 'big.bin': Buffer.alloc(1024 * 1024 + 1) });
    assert.match(problemWith(repository, 'service-mount').message, /larger than 1 MiB/);
  });
});
