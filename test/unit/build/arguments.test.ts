import assert from 'node:assert/strict';
import type { BuildRequest } from '../../../src/build';
import { buildArguments, secretValues } from '../../../src/build/arguments';

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

  for (const name of ['', 'A=B', '--x', 'PATH', 'DOCKER_HOST', 'BUILDX_BUILDER', 'HOME']) {
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
