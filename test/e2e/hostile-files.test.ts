import assert from 'node:assert/strict';
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { HOSTILE_NAME, link } from './support/hostile';
import { HostileBed, root } from './support/hostile-bed';
import { assertFailed } from './support/workspace';

/** Most memory of a `vapp` that reads a repository, KiB: far below the size of the files it is to leave alone. */
const MAX_MEMORY = 400 * 1024;
const CHART = `deploy/${HOSTILE_NAME}`;
const DOCKERFILE = `app/${HOSTILE_NAME}.Dockerfile`;

/** Nine times nine times … nine: by 20 lines more than any memory holds. */
const BOMB = [
  'a0: &a0 [x]',
  ...Array.from({ length: 20 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}]`),
  '',
].join('\n');

describe('a hostile repository is refused', function () {
  this.timeout('2m');
  let bed: HostileBed;

  before(async () => {
    bed = await HostileBed.make();
  });

  beforeEach(() => bed.reset());
  afterEach(() => bed.assertUntouched());
  after(() => bed.dispose());

  interface Case {
    readonly what: string;
    readonly prepare: () => Promise<void>;
    /** The file named; default: vapp.yaml. */
    readonly file?: string;
    readonly says: RegExp;
  }

  const app = (change: object) => () => bed.set(change);
  const linked = (path: string) => async () => {
    await bed.workspace.remove(path);
    await link(bed.workspace.path, { [path]: bed.outside });
  };
  const service = (key: string, value: string) => async () => {
    const image = key === 'image' ? [] : [{ key: 'image', value: 'busybox' }];
    await bed.workspace.write({ 'runtime.json': JSON.stringify([{ id: 'x', config: [...image, { key, value }] }]) });
  };
  const huge = (path: string) => async () => {
    await bed.workspace.remove(path);
    await bed.workspace.write({ [path]: '' });
    // It takes no room on the disk.
    await truncate(join(bed.workspace.path, path), 1024 ** 3);
  };

  const OUT = /leads out of the repository/;
  const LARGE = /is larger than 1 MiB and is not read/;
  const IMAGE = /The name of an image is expected here/;
  const services = 'runtime.json';
  const cases: Case[] = [
    { what: 'with a Dockerfile above it', prepare: app({ dockerfile: '../outside/secret.txt' }), says: OUT },
    { what: 'with an absolute Dockerfile', prepare: app({ dockerfile: '/etc/passwd' }), says: /is absolute/ },
    { what: 'with a linked Dockerfile', prepare: app({ dockerfile: 'app/link' }), file: 'app/link', says: OUT },
    { what: 'with a context above it', prepare: app({ context: '..' }), says: OUT },
    { what: 'with a linked context', prepare: app({ context: 'app/folder' }), says: OUT },
    { what: 'with a NUL in a path', prepare: app({ context: 'app\0/../..' }), says: /A path is expected/ },
    { what: 'with a link in its chart', prepare: linked(`${CHART}/files/x`), file: `${CHART}/files/x`, says: OUT },
    { what: 'with linked values', prepare: app({ chart: { valuesFiles: ['app/link'] } }), file: 'app/link', says: OUT },
    { what: 'with linked settings', prepare: linked('vapp.yaml'), says: OUT },
    {
      what: 'with a linked manifest',
      prepare: linked('app/AppManifest.json'),
      file: 'app/AppManifest.json',
      says: OUT,
    },
    { what: 'with a mount', prepare: service('mount', '/etc/passwd:/x'), file: services, says: /is absolute/ },
    { what: 'with a linked mount', prepare: service('mount', 'app/link:/x'), file: services, says: OUT },
    { what: 'with an option for an image', prepare: service('image', '--privileged'), file: services, says: IMAGE },
    {
      what: 'with an option for a node image',
      prepare: () => bed.set({}, { runtime: { k3sImage: '--privileged' } }),
      says: IMAGE,
    },
    { what: 'with an option for a platform', prepare: app({ platforms: ['linux/amd64 --push'] }), says: /A platform/ },
    { what: 'with an option for a namespace', prepare: app({ namespace: '--all-namespaces' }), says: /A namespace/ },
    {
      what: 'with an option for a build argument',
      prepare: app({ buildArgs: { '--output=x': 'y' } }),
      says: /The name of a build argument/,
    },
    {
      what: 'with aliases without end',
      prepare: () => bed.workspace.write({ 'vapp.yaml': BOMB }),
      says: /alias|Unknown key/i,
    },
    {
      what: 'with values of aliases without end',
      prepare: async () => {
        await bed.workspace.write({ 'bomb.yaml': BOMB });
        await bed.set({ chart: { valuesFiles: ['bomb.yaml'] } });
      },
      file: 'bomb.yaml',
      says: /alias/i,
    },
    { what: 'with settings of 1 GiB', prepare: huge('vapp.yaml'), says: LARGE },
    { what: 'with a Dockerfile of 1 GiB', prepare: huge(DOCKERFILE), file: DOCKERFILE, says: LARGE },
    { what: 'with values of 1 GiB', prepare: huge(`${CHART}/values.yaml`), file: `${CHART}/values.yaml`, says: LARGE },
    { what: 'with services of 1 GiB', prepare: huge(services), file: services, says: LARGE },
    { what: 'with a chart of 1 GiB', prepare: huge(`${CHART}/x`), file: `${CHART}/x`, says: /more than .* 64 MiB/ },
  ];

  for (const { what, prepare, file = 'vapp.yaml', says } of cases) {
    it(`${what}, at its place`, async () => {
      await prepare();
      const memory = join(bed.base, 'memory');
      const preload = `--require ${join(root, 'test', 'e2e', 'support', 'peak-memory.cjs')}`;
      const result = await bed.vapp(['build'], { NODE_OPTIONS: preload, PEAK_MEMORY: memory });
      const { range, ...rest } = assertFailed(result, 'repository-invalid', 1);
      const said = JSON.stringify(rest);
      assert.equal(range?.file, join(bed.workspace.path, file), said);
      assert.match(said, says);
      assert.ok(!said.includes('of-the-machine'), 'it was read');
      assert.ok(Number(await readFile(memory, 'utf8')) < MAX_MEMORY, 'it was taken into memory');
    });
  }

  it('without a tool being asked for anything', async () => {
    assert.deepEqual(await bed.recorder.calls(), []);
  });
});
