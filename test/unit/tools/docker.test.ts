import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Toolbox, dockerClient, dockerFailure, pingDocker } from '../../../src/tools';

describe('tools: docker', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-docker-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const toolbox = (env: NodeJS.ProcessEnv) => new Toolbox({ PATH: folder, DOCKER_CONFIG: folder, ...env });
  const addressOf = async (env: NodeJS.ProcessEnv) => {
    const { modem } = await dockerClient(toolbox(env));
    const { socketPath, host, port, protocol } = modem as unknown as Record<string, unknown>;
    return socketPath ?? `${String(protocol)}://${String(host)}:${String(port)}`;
  };

  async function fakeDocker(script: string): Promise<void> {
    await writeFile(join(folder, 'docker'), `#!${process.execPath}\n${script}`);
    await chmod(join(folder, 'docker'), 0o755);
  }

  it('follows DOCKER_HOST', async () => {
    assert.equal(await addressOf({ DOCKER_HOST: 'unix:///run/user/1/docker.sock' }), '/run/user/1/docker.sock');
    assert.equal(await addressOf({ DOCKER_HOST: 'tcp://engine:4000' }), 'http://engine:4000');
    assert.equal(await addressOf({ DOCKER_HOST: 'tcp://[::1]:4000' }), 'http://::1:4000');
    assert.equal(await addressOf({ DOCKER_HOST: 'tcp://engine', DOCKER_TLS_VERIFY: '1' }), 'https://engine:2376');
  });

  it('takes the default socket when nobody chose anything, without starting a process', async () => {
    await fakeDocker('process.exit(1)');
    assert.equal(await addressOf({}), '/var/run/docker.sock');
    assert.equal(await addressOf({ DOCKER_HOST: '' }), '/var/run/docker.sock');
    await writeFile(join(folder, 'config.json'), '{"auths":{},"currentContext":"default"}');
    assert.equal(await addressOf({}), '/var/run/docker.sock');
  });

  it('asks the CLI for the chosen context', async () => {
    await fakeDocker(`console.log('unix:///somewhere/' + (process.env.DOCKER_CONTEXT ?? 'configured'))`);
    await writeFile(join(folder, 'config.json'), '{"currentContext":"mine"}');
    assert.equal(await addressOf({}), '/somewhere/configured');
    assert.equal(await addressOf({ DOCKER_CONTEXT: 'other' }), '/somewhere/other');
  });

  it('says when the chosen context does not exist', async () => {
    await fakeDocker(`console.error('context "x" does not exist'); process.exit(1)`);
    await assert.rejects(dockerClient(toolbox({ DOCKER_CONTEXT: 'x' })), /context "x" does not exist/);
  });

  it('refuses addresses it cannot serve', async () => {
    await assert.rejects(dockerClient(toolbox({ DOCKER_HOST: 'ssh://me@host' })), { code: 'docker-host-unsupported' });
    await assert.rejects(dockerClient(toolbox({ DOCKER_HOST: 'nonsense' })), { code: 'docker-host-invalid' });
  });

  it('tells an engine that answers from one that does not', async () => {
    const socket = join(folder, 'engine.sock');
    const docker = await dockerClient(toolbox({ DOCKER_HOST: `unix://${socket}` }));
    await assert.rejects(pingDocker(docker), { code: 'docker-not-running', fault: 'environment' });
    const server: Server = createServer((_, response) => response.end('OK')).listen(socket);
    try {
      await pingDocker(docker);
    } finally {
      server.close();
    }
  });

  it('knows what errors mean', () => {
    const withCode = (code: string) => Object.assign(new Error('connect'), { code });
    assert.equal(dockerFailure(withCode('EACCES')).code, 'docker-permission');
    assert.equal(dockerFailure(withCode('ECONNREFUSED')).code, 'docker-not-running');
    assert.equal(dockerFailure(new Error('(HTTP code 500) server error')).code, 'docker-error');
    const failure = dockerFailure(new Error('x'));
    assert.equal(dockerFailure(failure), failure);
  });
});
