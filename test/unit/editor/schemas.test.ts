import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { parse } from 'yaml';
import { SERVICE_DEFAULTS } from '../../../src/project/service-defaults';
import { templateFiles } from '../../../src/scaffold';
import { TEMPLATES } from '../../support/sample';
import { readFiles, VALID } from '../project/temporary-repository';

const root = join(__dirname, '../../..');

function validatorOf(path: string): ValidateFunction {
  // Messages for people are keywords of the editor's language servers only.
  return new Ajv({ strict: false, allErrors: true }).compile(
    JSON.parse(readFileSync(join(root, path), 'utf8')) as object,
  );
}

const schemas = {
  '.velocitas.json': validatorOf('schemas/velocitas.schema.json'),
  'app/AppManifest.json': validatorOf('schemas/app-manifest.schema.json'),
  'runtime.json': validatorOf('schemas/runtime.schema.json'),
  'vapp.yaml': validatorOf('schemas/vapp.schema.json'),
} as const;

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
}

type FileName = keyof typeof schemas;

/** What the product itself finds wrong in a file. */
async function problemsIn(name: FileName, text: string): Promise<string[]> {
  const { root: folder, problems } = await readFiles({ ...VALID, ...MOUNTED, [name]: text });
  return problems
    .filter(({ range }) => range.file === join(folder, name))
    .map(({ code, message }) => `${code}: ${message}`);
}

const MOUNTED = { 'config/broker.conf': 'x' };

async function agree(name: FileName, document: unknown, isGood: boolean): Promise<void> {
  const validate = schemas[name];
  const problems = await problemsIn(name, JSON.stringify(document));
  assert.equal(problems.length === 0, isGood, `the reader says: ${problems.join(' ') || 'fine'}`);
  assert.equal(validate(document), isGood, `the schema says: ${JSON.stringify(validate.errors)}`);
}

function documents(name: FileName, { good, bad }: Record<'good' | 'bad', Record<string, unknown>>): void {
  describe(name, () => {
    for (const [title, document] of Object.entries(good)) {
      it(`accepts ${title}`, () => agree(name, document, true));
    }
    for (const [title, document] of Object.entries(bad)) {
      it(`rejects ${title}`, () => agree(name, document, false));
    }
  });
}

const variables = { language: 'python', appManifestPath: 'app/AppManifest.json' };

const services = (...config: [string, unknown][]) => [
  { id: 'mqtt-broker', config: config.map(([key, value]) => ({ key, value })) },
];

describe('JSON schemas', () => {
  describe('agree with what the product reads', () => {
    documents('.velocitas.json', {
      good: {
        'an empty object': {},
        'packages by name': { packages: { 'devenv-runtimes': 'v4.1.0' }, variables, cliVersion: 'v0.13.0' },
        'the older list of packages': {
          packages: [
            { name: 'a', version: 'v1' },
            { repo: 'b', version: 'v2' },
          ],
        },
        'components by id': { components: ['sdk-installer', { id: 'grpc-interface-support' }] },
        'numbers and booleans as variables': { variables: { ...variables, port: 50008, verbose: true } },
        'a variable of one package': { variables: { 'appManifestPath@devenv-runtimes': 'app/AppManifest.json' } },
        'keys of other tools': { $schema: './x.json', another: [1] },
      },
      bad: {
        'a list': [],
        'a string': 'velocitas',
        'a version that is no string': { packages: { a: 1 } },
        'a package without a version': { packages: [{ name: 'a' }] },
        'a package without a name': { packages: [{ version: 'v1' }] },
        'packages in a string': { packages: 'a' },
        'components in a map': { components: { a: 'b' } },
        'a component without an id': { components: [{ name: 'a' }] },
        'variables in a list': { variables: ['language'] },
        'a variable without a value': { variables: { language: null } },
        'a variable that is a list': { variables: { language: ['python'] } },
        'a path that is no string': { variables: { appManifestPath: 5 } },
        'a scoped path that is no string': { variables: { 'appManifestPath@x': true } },
      },
    });

    documents('app/AppManifest.json', {
      good: {
        'a name and a version': { manifestVersion: 'v3', name: 'SampleApp' },
        'the three kinds of interfaces': {
          manifestVersion: 'v3',
          name: 'Seat Adjuster',
          interfaces: [
            {
              type: 'vehicle-signal-interface',
              config: {
                src: 'https://example.com/vss.json',
                datapoints: {
                  required: [{ path: 'Vehicle.Speed', access: 'read', optional: 'true' }],
                  provided: [{ path: 'Vehicle.Cabin.Seat.Row1.Pos1.Position' }],
                },
              },
            },
            { type: 'grpc-interface', config: { src: 'seats.proto', required: { methods: ['Move'] }, provided: {} } },
            { type: 'pubsub', config: { reads: ['a'], writes: ['b'] } },
          ],
        },
        'a kind of interface that is not known': { manifestVersion: 'v3', name: 'A', interfaces: [{ type: 'other' }] },
        'the second version': { manifestVersion: 'v2', name: 'A', vehicleModel: { src: 'x.json' } },
        'the older list': [
          { Name: 'A', Port: 50008, VehicleModel: { Src: 'x' } },
          { name: 'b', port: '50009' },
        ],
      },
      bad: {
        'a string': 'app',
        nothing: null,
        'an empty object': {},
        'no version': { name: 'A' },
        'a version that is not known': { manifestVersion: 'v9', name: 'A' },
        'a version that is a number': { manifestVersion: 3, name: 'A' },
        'no name': { manifestVersion: 'v3' },
        'a blank name': { manifestVersion: 'v3', name: '  ' },
        'a name that is a number': { manifestVersion: 'v3', name: 7 },
        'interfaces in a map': { manifestVersion: 'v3', name: 'A', interfaces: {} },
        'an interface without a type': { manifestVersion: 'v3', name: 'A', interfaces: [{ config: {} }] },
        'an interface that is a string': { manifestVersion: 'v3', name: 'A', interfaces: ['pubsub'] },
        'a list as config': { manifestVersion: 'v3', name: 'A', interfaces: [{ type: 'x', config: [] }] },
        'an empty list': [],
        'a list of strings': ['A'],
        'an older app without a name': [{ Port: 1 }],
        'an older app with a port out of range': [{ Name: 'A', Port: 65536 }],
        'an older app with a port in words': [{ Name: 'A', Port: 'many' }],
      },
    });

    documents('runtime.json', {
      good: {
        'no service': [],
        'services with defaults': [...SERVICE_DEFAULTS.keys()].map((id) => ({ id })),
        'every key': services(
          ['enabled', 'true'],
          ['image', 'eclipse-mosquitto:2.0'],
          ['arg', '-c'],
          ['env', 'A=b=c'],
          ['mount', 'config/broker.conf:/broker.conf'],
          ['port', 1883],
          ['port-forward', '1884:1883'],
          ['port-forward', '9001'],
          ['start-pattern', '.*running\n'],
          ['no-dapr', true],
        ),
        'a service of one’s own': [{ id: 'gateway', config: [{ key: 'image', value: 'gateway:1' }] }],
        'anything in a service that is not started': [
          {
            id: 'x',
            config: [
              { key: 'enabled', value: 'FALSE' },
              { key: 'port', value: '${{ port }}' },
            ],
          },
        ],
      },
      bad: {
        'a service without an id': [{ config: [] }],
        'a service that is a string': ['mqtt-broker'],
        'an id with capitals': [{ id: 'MQTT' }],
        'an id that is too long': [{ id: 'a'.repeat(64) }],
        'a service without an image': [{ id: 'gateway' }],
        'a service with a config, but without an image': [{ id: 'gateway', config: [{ key: 'port', value: 1 }] }],
        'config in a map': [{ id: 'mqtt-broker', config: { port: 1883 } }],
        'an entry without a value': [{ id: 'mqtt-broker', config: [{ key: 'port' }] }],
        'an entry whose value is a list': services(['arg', ['a']]),
        'an entry without a value in a service that is not started': services(['enabled', false], ['port', null]),
        'a key that is not known': services(['prot', 1883]),
        'a placeholder': services(['env', 'A=${{ a }}']),
        'a word for enabled': services(['enabled', 'yes']),
        'an image with a blank': services(['image', 'a b']),
        'a variable without a name': services(['env', '=b']),
        'a mount without a target': services(['mount', 'config/broker.conf']),
        'a mount of an absolute path': services(['mount', '/etc/hosts:/etc/hosts']),
        'a mount from outside': services(['mount', '../x:/x']),
        'a port out of range': services(['port', 65536]),
        'a forwarded port with three parts': services(['port-forward', '1:2:3']),
        'interfaces in a string': [{ id: 'mqtt-broker', interfaces: 'mqtt' }],
      },
    });

    it('on whatever an entry of runtime.json says', async () => {
      const validate = schemas['runtime.json'];
      const key = fc.constantFrom('enabled', 'image', 'arg', 'env', 'port', 'port-forward', 'no-dapr', 'other');
      const text = fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.stringMatching(/^[0-9: =a]{0,8}$/),
        fc.integer({ min: 0, max: 70_000 }).map(String),
      );
      const value = fc.oneof(text, fc.integer({ min: -5, max: 70_000 }), fc.boolean(), fc.constant(null));
      await fc.assert(
        fc.asyncProperty(key, value, async (name, content) => {
          const document = services([name, content]);
          const problems = await problemsIn('runtime.json', JSON.stringify(document));
          assert.equal(validate(document), problems.length === 0, problems.join(' '));
        }),
        { numRuns: 300 },
      );
    });

    it('on the form of vapp.yaml, which both read from the same file', async () => {
      assert.equal(schemas['vapp.yaml']({ runtime: { agents: 99 } }), false);
      assert.deepEqual(await problemsIn('vapp.yaml', '{ "runtime": { "agents": 2 } }'), []);
      assert.equal(schemas['vapp.yaml']({ runtime: { agents: 2 } }), true);
      assert.match((await problemsIn('vapp.yaml', '{ "runtime": { "agents": 99 } }')).join(), /from 0 to 16/);
    });
  });

  it('leave alone what other programs call runtime.json', () => {
    assert.equal(schemas['runtime.json']({ engines: {} }), true);
  });

  it('accept the files of the sample app', async () => {
    const files = await templateFiles(TEMPLATES, 'python', { appName: 'SampleApp' });
    for (const [name, validate] of Object.entries(schemas)) {
      const document: unknown = parse(files.find(({ path }) => path === name)?.content ?? '');
      assert.equal(validate(document), true, `${name}: ${JSON.stringify(validate.errors)}`);
    }
  });

  it('of the built-in chart describe every value, for hover', () => {
    const undescribed = (node: Described, path: string): string[] =>
      Object.entries(node.properties ?? {}).flatMap(([key, value]) => [
        ...(value.description === undefined ? [`${path}${key}`] : []),
        ...undescribed(value, `${path}${key}.`),
      ]);
    const schema = JSON.parse(
      readFileSync(join(root, 'templates/charts/vehicle-app/values.schema.json'), 'utf8'),
    ) as Described;
    // `global` is Helm's own.
    assert.deepEqual(undescribed(schema, ''), ['global']);
  });

  for (const chart of ['vehicle-app', 'runtime-services']) {
    it(`of the chart ${chart} accepts its values, and says so where they are edited`, async () => {
      const folder = `templates/charts/${chart}`;
      const values = await readFile(join(root, folder, 'values.yaml'), 'utf8');
      const validate = validatorOf(`${folder}/values.schema.json`);
      assert.equal(validate(parse(values)), true, JSON.stringify(validate.errors));
      assert.equal(validate({ image: 1, services: 1 }), false);
      assert.match(values, /^# yaml-language-server: \$schema=values\.schema\.json$/m);
    });
  }
});
