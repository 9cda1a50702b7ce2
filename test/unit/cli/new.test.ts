import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, type Host } from '../../../src/cli/program';
import { TEMPLATES } from '../../support/sample';
import { FakeOutput } from './fake-output';

interface Event {
  readonly status: string;
  readonly value?: unknown;
  readonly failure?: { readonly code: string };
}

describe('vapp new', () => {
  let base: string;
  let out: FakeOutput;
  let err: FakeOutput;
  let host: Host;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'vapp-unit-'));
    [out, err] = [new FakeOutput(), new FakeOutput()];
    host = {
      out,
      err,
      env: { PATH: '' },
      cwd: base,
      version: '1.2.3',
      chartsDirectory: join(TEMPLATES.directory, 'charts'),
      own: { program: process.execPath, args: [] },
      signal: new AbortController().signal,
    };
  });

  afterEach(() => rm(base, { recursive: true }));

  const manifestNameIn = async (folder: string) =>
    (JSON.parse(await readFile(join(base, folder, 'app/AppManifest.json'), 'utf8')) as { name: string }).name;

  const outcome = async (...args: string[]): Promise<Event> => {
    out.text = '';
    await main(['--output', 'json', ...args], host);
    return JSON.parse(out.text.trimEnd().split('\n').at(-1) ?? '') as Event;
  };

  it('lists the templates, for people and for programs', async () => {
    assert.equal(await main(['new', '--list'], host), 0);
    assert.match(out.text, /^python +A Velocitas Vehicle App in Python/m);
    const { value } = await outcome('new', '--list');
    const python = (value as { id: string; version: string }[]).find(({ id }) => id === 'python');
    assert.match(python?.version ?? '', /^\d+\.\d+\.\d+$/);
    assert.deepEqual(await readdir(base), []);
  });

  it('makes an app in a folder, and says how to run it', async () => {
    assert.equal(await main(['new', 'python', 'speed', '--name', 'SpeedApp'], host), 0);
    assert.equal(out.text, `SpeedApp (python) is in ${base}/speed.\nTo run it: vapp -C ${base}/speed run\n`);
    assert.equal(await manifestNameIn('speed'), 'SpeedApp');
  });

  it('makes one in Python, called as its folder, when nothing else is said', async () => {
    const { value } = await outcome('new', 'deeper/speed-app');
    assert.deepEqual(value, { template: 'python', name: 'speed-app', folder: join(base, 'deeper/speed-app') });
    assert.equal(await manifestNameIn('deeper/speed-app'), 'speed-app');
  });

  it('makes it below the folder of -C', async () => {
    await mkdir(join(base, 'there'));
    assert.equal(await main(['-C', join(base, 'there'), 'new', 'python', '.', '--name', 'SpeedApp'], host), 0);
    assert.equal(await manifestNameIn('there'), 'SpeedApp');
  });

  for (const [what, code, args] of [
    ['no folder', 'folder-missing', ['new']],
    ['no folder, but a template', 'folder-missing', ['new', 'python']],
    ['a template that is not there', 'template-unknown', ['new', 'cobol', 'speed']],
    ['a bad name', 'app-name-invalid', ['new', 'python', 'speed', '--name', 'Speed App']],
    ['a folder whose name is no name of an app', 'app-name-invalid', ['new', 'python', '2-speed']],
  ] as const) {
    it(`refuses ${what} with exit code 2, and leaves nothing`, async () => {
      assert.equal((await outcome(...args)).failure?.code, code);
      assert.equal(await main(args, host), 2);
      assert.match(err.text, /^✗ /);
      assert.deepEqual(await readdir(base), []);
    });
  }

  it('refuses a folder in which there is something, and touches nothing there', async () => {
    await mkdir(join(base, 'mine', 'deep'), { recursive: true });
    assert.equal((await outcome('new', 'python', 'mine')).failure?.code, 'folder-not-empty');
    assert.deepEqual(await readdir(join(base, 'mine'), { recursive: true }), ['deep']);
  });

  it('leaves nothing when it is cancelled', async () => {
    const stopped = AbortSignal.abort();
    assert.equal(await main(['new', 'python', 'speed'], { ...host, signal: stopped }), 130);
    assert.deepEqual(await readdir(base), []);
  });
});
