import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { Session } from '../../../src/run';
import { readMachine, withoutProxyFor } from '../../../src/run/machine';

describe('the settings of a machine', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-machine-'));
    file = join(folder, 'vapp.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = async (content: unknown, env: NodeJS.ProcessEnv = {}) => {
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    return readMachine({ VAPP_MACHINE_SETTINGS: file, ...env });
  };

  it('are read from the file, of which other keys may be for others', async () => {
    const content = { k3sImage: 'rancher/k3s:v1', caCertificate: '/ca.pem', bundle: '/b.tar', future: [1] };
    const { future, ...settings } = content;
    assert.deepEqual((await read(content)).settings, settings);
    assert.ok(future);
  });

  it('say nothing where the file says nothing', async () => {
    assert.deepEqual((await read({})).settings, {});
    assert.deepEqual((await read({ k3sImage: '', proxy: { http: '' } })).settings, {});
  });

  it('need no file at the usual place', async () => {
    const env = { HOME: folder };
    assert.equal((await readMachine(env)).env, env);
  });

  it('give way to the environment', async () => {
    const file = { k3sImage: 'a', caCertificate: '/a', bundle: '/a', proxy: { http: 'http://a', no: 'a' } };
    const given = { VAPP_K3S_IMAGE: 'b', VAPP_CA_CERTIFICATE: '/b', VAPP_BUNDLE: '/b', http_proxy: 'http://b' };
    const { settings, env } = await read(file, given);
    assert.deepEqual(settings, { k3sImage: 'b', caCertificate: '/b', bundle: '/b' });
    assert.equal(env['http_proxy'], 'http://b');
    assert.equal(env['HTTP_PROXY'], undefined);
    assert.equal(env['NO_PROXY'], 'a');
  });

  it('bring the proxies into the environment of the tools, by both kinds of names', async () => {
    const { env } = await read({ proxy: { http: 'http://p:1', https: 'http://p:2', no: 'x,y' } });
    assert.deepEqual(
      ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'].map((name) => env[name]),
      ['http://p:1', 'http://p:1', 'http://p:2', 'http://p:2', 'x,y', 'x,y'],
    );
  });

  it('are a failure when the file was named and is not there', async () => {
    await assert.rejects(readMachine({ VAPP_MACHINE_SETTINGS: file }), { code: 'machine-settings-missing' });
  });

  const broken: [what: string, content: unknown, says: RegExp][] = [
    ['no JSON', '{\n  "proxy": { "http": "http://ada:secret@p" ', /not valid JSON/],
    ['no object', '[]', /no object/],
    ['a number for a name', { k3sImage: 1 }, /"k3sImage" is no text/],
    ['a text for the proxies', { proxy: 'http://ada:secret@p' }, /proxy is no object/],
    ['a relative path', { caCertificate: 'ca.pem' }, /ca\.pem, which is no absolute path/],
  ];
  for (const [what, content, says] of broken) {
    it(`are a failure with the file, and without its secrets: ${what}`, async () => {
      await assert.rejects(read(content), (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, 'machine-settings-invalid');
        assert.equal(error.fault, 'environment');
        assert.match(error.summary, says);
        assert.equal(error.range?.file, file);
        assert.doesNotMatch(JSON.stringify([error.message, error.stack, error.cause]), /secret/);
        return true;
      });
    });
  }

  it('complete a repository’s session, which has the last word about the node image', async () => {
    await writeFile(file, JSON.stringify({ k3sImage: 'a:1', proxy: { http: 'http://ada:s3cret@p:1' } }));
    await writeFile(join(folder, 'vapp.yaml'), '');
    const open = () =>
      Session.open({ directory: folder, env: { VAPP_MACHINE_SETTINGS: file }, chartsDirectory: folder });
    const session = await open();
    assert.equal(session.runtimeSettings(await session.read()).k3sImage?.value, 'a:1');
    assert.equal(session.toolbox.env['HTTP_PROXY'], 'http://ada:s3cret@p:1');
    assert.match(session.toolbox.env['NO_PROXY'] ?? '', /^k3d-vapp-.*-server-0,k3d-vapp-.*-registry$/);
    assert.equal(session.toolbox.redactor.redact('by ada:s3cret@p'), 'by ***@p');
    await writeFile(join(folder, 'vapp.yaml'), 'runtime:\n  k3sImage: b:2\n');
    assert.equal(session.runtimeSettings(await session.read()).k3sImage?.value, 'b:2');
  });
});

describe('an environment', () => {
  it('exempts the cluster from its proxies, if it has any', () => {
    const none = { PATH: '/bin' };
    assert.equal(withoutProxyFor(none, ['a']), none);
    const { NO_PROXY, no_proxy } = withoutProxyFor({ https_proxy: 'http://p', no_proxy: 'x' }, ['a', 'b']);
    assert.deepEqual([NO_PROXY, no_proxy], ['x,a,b', 'x,a,b']);
  });
});
