import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildRequest } from '../../../src/build';
import { buildArguments, buildProxies, secretValues } from '../../../src/build/arguments';

const request: BuildRequest = {
  dockerfile: '/repo/app/Dockerfile',
  context: '/repo',
  buildArgs: {},
  platforms: [],
  tags: ['registry:5000/team/seat-adjuster:local'],
};

describe('build: arguments', () => {
  it('are as few as possible', () => {
    assert.deepEqual(buildArguments(request, {}), {
      args: [
        ...['--tag', 'registry:5000/team/seat-adjuster:local'],
        ...['--file', '/repo/app/Dockerfile'],
        ...['--label', 'org.opencontainers.image.title=seat-adjuster'],
      ],
      env: {},
    });
  });

  it('name stage, labels, tags and the wish for no cache', () => {
    const { args } = buildArguments(
      { ...request, tags: ['a:1', 'b:2'], target: 'final', noCache: true, labels: { 'x.y': 'z' } },
      {},
    );
    const text = args.join(' ');
    for (const expected of ['--tag a:1 --tag b:2', '--target final', '--no-cache', '--label x.y=z']) {
      assert.ok(text.includes(expected), text);
    }
  });

  it('hold no value of a build argument or proxy', () => {
    const env = { HTTP_PROXY: 'http://u:secret@p:1', no_proxy: 'localhost', FTP_PROXY: '', OTHER: 'x' };
    const built = buildArguments({ ...request, buildArgs: { TOKEN: 'secret', EMPTY: '' } }, env);
    const text = built.args.join(' ');
    assert.ok(!text.includes('secret'), text);
    assert.match(text, /--build-arg TOKEN --build-arg EMPTY --build-arg HTTP_PROXY --build-arg no_proxy --label/);
    assert.deepEqual(built.env, { TOKEN: 'secret', EMPTY: '' });
  });

  it('prefer a build argument to a variable of the same name', () => {
    const { args, env } = buildArguments({ ...request, buildArgs: { HTTP_PROXY: '' } }, { HTTP_PROXY: 'http://p' });
    assert.equal(args.filter((arg) => arg === 'HTTP_PROXY').length, 1);
    assert.deepEqual(env, { HTTP_PROXY: '' });
  });

  describe('take the proxies', () => {
    let folder: string;
    beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'vapp-build-'))));
    afterEach(() => rm(folder, { recursive: true }));

    const proxies = async (config: unknown, more: NodeJS.ProcessEnv = {}) => {
      await writeFile(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
      const env = { DOCKER_CONFIG: folder, HTTP_PROXY: 'http://p', ...more };
      return buildArguments(request, await buildProxies(env)).args.includes('HTTP_PROXY');
    };

    it('of the environment', async () => {
      assert.equal(await proxies({}), true);
      assert.equal(await proxies('{ broken'), true);
      assert.equal(await proxies({ proxies: { default: {} } }), true);
    });

    it('of docker’s own configuration, where it names any for the engine in use', async () => {
      assert.equal(await proxies({ proxies: { default: { httpProxy: 'http://own' } } }), false);
      const other = { proxies: { 'tcp://other:2375': { httpsProxy: 'http://own' } } };
      assert.equal(await proxies(other), true);
      assert.equal(await proxies(other, { DOCKER_HOST: 'tcp://other:2375' }), false);
    });
  });

  it('takes a build argument that is only named alike', () => {
    const buildArgs = Object.fromEntries(
      ['GIT_COMMIT', 'GIT_TAG', 'GIT_DIRTY', 'PATHS', 'SDK_HOME'].map((name) => [name, 'x']),
    );
    assert.deepEqual(buildArguments({ ...request, buildArgs }, {}).env, buildArgs);
  });

  const readByTools = ['PATH', 'DOCKER_HOST', 'BUILDX_BUILDER', 'HOME', 'GIT_TRACE', 'GIT_CONFIG_COUNT', 'GIT_DIR'];
  for (const name of ['', 'A=B', '--x', ...readByTools, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'KUBECONFIG']) {
    it(`refuse a build argument named '${name}'`, () => {
      assert.throws(() => buildArguments({ ...request, buildArgs: { [name]: 'x' } }, {}), {
        code: 'build-arg-invalid',
        fault: 'app',
      });
    });
  }

  it('know which values are secrets', () => {
    const args = { GITHUB_TOKEN: 'a', password: 'b', API_KEY: 'c', PYTHON_VERSION: '3.11', KEYBOARD: 'd', AUTHOR: 'e' };
    assert.deepEqual(secretValues(args), ['a', 'b', 'c']);
  });
});
