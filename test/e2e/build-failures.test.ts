import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Failure } from '../../src/base';
import { buildImage, findBuildx, type BuildEvent, type BuildRequest } from '../../src/build';
import { buildWithBuildx } from '../../src/build/buildx';
import { Toolbox, dockerClient, runCommand, type Docker } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { ensureTemplateImages } from '../stack/template-images';
import { failureOf } from './support/images';
import { lightApp } from './support/light-app';
import { TestRegistry, removeImagesOf } from './support/registry';
import { SmallBuilder } from './support/small-builder';
import { TestWorkspace, assertFailed, type JsonFailure } from './support/workspace';

const LABEL = { 'io.vscode-velocitas.test': 'build-failures' };
const TAG = 'vapp-test-build-failures/app:local';

describe('the source line that a build fails at', function () {
  // Cold, each template's dependencies are installed; later tests of templates then find them cached.
  this.timeout('20m');
  let workspace: TestWorkspace;

  before(() => ensureTemplateImages(new AbortController().signal));

  afterEach(() => workspace.dispose());

  /** Fails to build; answers the places, relative to the workspace: first of all where to look. */
  async function build(): Promise<{ failure: JsonFailure; places: string[] }> {
    const failure = assertFailed(await workspace.vapp(['build']), 'build-failed', 1);
    const ranges = [...(failure.range ? [failure.range] : []), ...failure.related.map(({ range }) => range)];
    const places = ranges.map(({ file, start }) => `${file.slice(workspace.path.length + 1)}:${start.line}`);
    return { failure, places };
  }

  async function light(dockerfile: string, files: Readonly<Record<string, string>>): Promise<void> {
    workspace = await TestWorkspace.create('Gebrochener Bau');
    await workspace.write({ ...lightApp({ dockerfile }), ...files });
  }

  const templates: { template: string; source: string; broken: string; line: string; message: RegExp }[] = [
    { template: 'cpp', source: 'app/src/main.cpp', broken: 'undeclared();', line: 'int main', message: /undeclared/ },
    {
      template: 'go',
      source: 'app/src/main.go',
      broken: 'undeclared()',
      line: 'func main',
      message: /undefined: undeclared/,
    },
    {
      template: 'typescript',
      source: 'app/src/main.ts',
      broken: 'const x: = 1;',
      line: 'import',
      message: /Unexpected "="/,
    },
  ];
  for (const { template, source, broken, line, message } of templates) {
    it(`of the template ${template}`, async () => {
      workspace = await TestWorkspace.sample(`Vorlage ${template}`, template);
      const number = await insertBehind(workspace, source, line, broken);
      const { failure, places } = await build();
      assert.equal(places[0], `${source}:${number}`);
      assert.match(places[1] ?? '', /^app\/Dockerfile:\d+$/);
      assert.match(failure.summary, message);
      assert.match(failure.summary, /failed with exit code 1\.$/);
    });
  }

  it('of Python: the innermost call in the workspace', async () => {
    await light('FROM python:3.11-slim\nWORKDIR /srv/app\nCOPY app/src ./\nRUN python -c "import main"\n', {
      'app/src/main.py': 'import json\nimport speed\n\nspeed.get(json)\n',
      'app/src/speed.py': 'def get(json):\n    return json.loads("{")\n',
      // No file of the build is that one.
      'tools/speed.py': 'def get():\n    pass\n',
    });
    const { failure, places } = await build();
    assert.deepEqual(places, ['app/src/speed.py:2', 'app/Dockerfile:4']);
    assert.match(failure.summary, /^json\.decoder\.JSONDecodeError: Expecting property name/);
  });

  it('of Node.js, through a stage and a path with a space', async () => {
    const stages = ['FROM scratch AS sources', 'COPY ["app/meine quellen", "/all/js/"]'];
    const dockerfile = [
      ...stages,
      'FROM node:22-slim',
      'COPY --from=sources /all/js /srv/',
      'RUN cd /srv && node main.js',
    ];
    await light(`${dockerfile.join('\n')}\n`, {
      'app/meine quellen/main.js': 'require("./speed.js")();\n',
      'app/meine quellen/speed.js': '\nmodule.exports = () => undefined.value;\n',
    });
    const { failure, places } = await build();
    assert.deepEqual(places, ['app/meine quellen/speed.js:2', 'app/Dockerfile:5']);
    assert.match(failure.summary, /^TypeError: Cannot read properties of undefined/);
  });

  it('of a script that is only mounted', async () => {
    await light('FROM busybox\nRUN --mount=type=bind,source=app/tools,target=/tools sh /tools/make.sh\n', {
      'app/tools/make.sh': 'echo begins\nset -e\nno_such_command\n',
    });
    assert.deepEqual((await build()).places, ['app/tools/make.sh:3', 'app/Dockerfile:2']);
  });
});

describe('what a build fails for', function () {
  this.timeout(300_000);
  let env: NodeJS.ProcessEnv;
  let toolbox: Toolbox;
  let docker: Docker;
  let folder: string;
  let registry: TestRegistry;
  let locked: TestRegistry;

  before(async () => {
    env = await stackEnvironment();
    toolbox = new Toolbox(env);
    docker = await dockerClient(toolbox);
    [registry, locked] = await Promise.all([TestRegistry.start(docker), TestRegistry.start(docker, true)]);
  });

  after(async () => {
    await Promise.all([registry.dispose(), locked.dispose()]);
    const label = Object.entries(LABEL).map(([name, value]) => `${name}=${value}`);
    const images = await docker.listImages({ filters: JSON.stringify({ label }) });
    for (const image of images) await docker.getImage(image.Id).remove({ force: true });
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-build-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
  }

  const requestOf = (more: Partial<BuildRequest>): BuildRequest => ({
    ...{ dockerfile: join(folder, 'Dockerfile'), context: folder, buildArgs: {}, platforms: [] },
    ...{ tags: [TAG], labels: LABEL, ...more },
  });

  /** How a build of these files fails; the place is always the Dockerfile. */
  async function failing(files: Readonly<Record<string, string>>, more: Partial<BuildRequest> = {}): Promise<Failure> {
    await write(files);
    const failure = await failureOf(buildImage(requestOf(more), { toolbox, docker }));
    assert.equal(failure.range?.file, join(folder, 'Dockerfile'), failure.summary);
    return failure;
  }

  const told = ({ code, fault, range }: Failure) => [code, fault, range?.start.line];

  describe('of base images:', () => {
    it('a name that the registry does not know', async () => {
      const failure = await failing({ Dockerfile: `# c\nFROM ${registry.host}/team/nope:1\n` });
      assert.deepEqual(told(failure), ['base-image-unknown', 'app', 2]);
      assert.match(failure.summary, /nope:1 does not exist: localhost:\d+ knows no such name or tag\.$/);
    });

    it('one that wants a login', async () => {
      const failure = await failing({ Dockerfile: `FROM ${locked.host}/team/private:1\n` });
      assert.deepEqual(told(failure), ['base-image-denied', 'environment', 1]);
      assert.match(failure.nextSteps[0] ?? '', /docker login localhost:\d+/);
    });

    it('one that is not there for the platform', async () => {
      const base = `${registry.host}/team/base:1`;
      await write({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
      const platforms = ['linux/amd64', 'linux/arm64'];
      await buildImage(requestOf({ tags: [base], platforms }), { toolbox, docker });
      await toolbox.run('docker', ['push', '--quiet', base]);
      await removeImagesOf(docker, registry.host);
      const failure = await failing({ Dockerfile: `FROM ${base}\nCOPY Dockerfile /\n` }, { platforms: ['s390x'] });
      assert.deepEqual(told(failure), ['base-image-platform', 'app', 1]);
      assert.match(failure.summary, /does not exist for linux\/s390x\.$/);
    });

    it('a registry that refuses the connection, and one whose name is not known', async () => {
      const refused = await failing({ Dockerfile: 'FROM localhost:1/team/base:1\n' });
      assert.deepEqual(told(refused), ['base-image-unavailable', 'environment', 1]);
      assert.match(refused.summary, /cannot be reached: localhost:1 refuses the connection\.$/);
      const unknown = await failing({ Dockerfile: 'FROM registry.invalid/base:1\n' });
      assert.deepEqual(told(unknown), ['base-image-unavailable', 'environment', 1]);
      assert.match(unknown.summary, /cannot be reached: the name registry\.invalid is not known\.$/);
    });

    it('an argument without a value', async () => {
      const failure = await failing({ Dockerfile: 'ARG BASE\nFROM $BASE\n' });
      assert.deepEqual(told(failure), ['build-arg-missing', 'app', 2]);
    });
  });

  describe('of files:', () => {
    it('a typo in a name', async () => {
      const failure = await failing({
        Dockerfile: 'FROM busybox\nCOPY app/requirments.txt /\n',
        'app/requirements.txt': '',
      });
      assert.deepEqual(told(failure), ['copy-source-missing', 'app', 2]);
      assert.equal(failure.nextSteps[0], 'Did you mean app/requirements.txt?');
    });

    it('a line of .dockerignore', async () => {
      const ignore = '# not for images\n\n**/*.key\n';
      const failure = await failing({
        Dockerfile: 'FROM busybox\nCOPY app/a.key /\n',
        '.dockerignore': ignore,
        'app/a.key': '',
      });
      assert.deepEqual(told(failure), ['copy-source-missing', 'app', 2]);
      const [place] = failure.related;
      assert.deepEqual([place?.range.file, place?.range.start.line], [join(folder, '.dockerignore'), 3]);
    });

    it('what another stage does not have', async () => {
      const dockerfile = 'FROM busybox AS made\nWORKDIR /out\nRUN touch a\nFROM busybox\nCOPY --from=made a /\n';
      const failure = await failing({ Dockerfile: dockerfile });
      assert.deepEqual(told(failure), ['copy-source-missing', 'app', 5]);
      assert.match(failure.nextSteps[0] ?? '', /WORKDIR of that stage does not count/);
    });

    it('a secret', async () => {
      const dockerfile = 'FROM busybox\nRUN --mount=type=secret,id=token,required=true cat /run/secrets/token\n';
      const failure = await failing({ Dockerfile: dockerfile });
      assert.deepEqual(told(failure), ['build-secret-missing', 'app', 2]);
    });
  });

  describe('of the network, in a command:', () => {
    it('a name that is not known', async () => {
      const failure = await failing({ Dockerfile: 'FROM busybox\nRUN wget -q http://files.invalid/x\n' });
      assert.deepEqual(told(failure), ['network', 'environment', 2]);
      assert.match(failure.summary, /could not fetch what it needs: the name files\.invalid is not known\.$/);
      assert.match(failure.nextSteps.join(' '), /HTTPS_PROXY/);
    });

    it('a port where nothing listens', async () => {
      const failure = await failing({ Dockerfile: 'FROM busybox\nRUN wget -q http://127.0.0.1:1/x\n' });
      assert.deepEqual(told(failure), ['network', 'environment', 2]);
      assert.match(failure.summary, /refuses the connection\.$/);
    });

    it('a proxy that wants a login', async () => {
      const proxy = createServer((_request, response) => response.writeHead(407).end());
      const http_proxy = `http://${await listening(proxy)}`;
      try {
        const files = { Dockerfile: 'FROM busybox\nRUN wget -q http://example.org/x\n' };
        const failure = await failing(files, { buildArgs: { http_proxy } });
        assert.deepEqual(told(failure), ['network', 'environment', 2]);
        assert.match(failure.summary, /the proxy wants a login\.$/);
      } finally {
        proxy.close();
      }
    });
  });

  it('a certificate that is not trusted, of a registry and of an index of packages', async () => {
    await ensureTemplateImages(new AbortController().signal);
    const server = createSecureServer(await selfSigned(), (_request, response) => response.writeHead(404).end());
    const address = await listening(server);
    try {
      const base = await failing({ Dockerfile: `FROM ${address}/team/base:1\n` });
      assert.deepEqual(told(base), ['base-image-unavailable', 'environment', 1]);
      assert.match(base.summary, /: the certificate of [\d.]+:\d+ is not trusted\.$/);
      assert.match(base.nextSteps[0] ?? '', new RegExp(`/etc/docker/certs\\.d/${address}/ca\\.crt`));
      const pip = `pip install --retries 1 --index-url https://${address}/simple requests`;
      const failure = await failing({ Dockerfile: `FROM python:3.11-slim\nRUN ${pip}\n` });
      assert.deepEqual(told(failure), ['network', 'environment', 2]);
      assert.match(failure.summary, /is not trusted\.$/);
      assert.match(failure.nextSteps[0] ?? '', /PIP_CERT/);
    } finally {
      server.close();
    }
  });

  /** Where the engine and its builds reach a server of this process: host and port. */
  async function listening(server: Server): Promise<string> {
    const { IPAM } = (await docker.getNetwork('bridge').inspect()) as { IPAM: { Config: { Gateway: string }[] } };
    const gateway = IPAM.Config[0]?.Gateway ?? '';
    await new Promise<void>((resolve) => server.listen(0, gateway, resolve));
    return `${gateway}:${(server.address() as AddressInfo).port}`;
  }

  async function selfSigned(): Promise<{ key: Buffer; cert: Buffer }> {
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-batch', '-subj', '/CN=test'];
    const args = ['req', '-x509', ...kind, '-days', '2', '-keyout', 'key.pem', '-out', 'cert.pem'];
    await runCommand({ program: 'openssl', args, cwd: folder });
    const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name))));
    assert.ok(key && cert);
    return { key, cert };
  }

  describe('of the engine:', () => {
    let small: SmallBuilder;

    before(async () => {
      small = await SmallBuilder.create(toolbox, docker);
    });

    after(() => small.dispose());

    /** The same as `buildImage` does, by the small builder. */
    async function failingThere(command: string): Promise<Failure> {
      await write({ Dockerfile: `FROM box\nRUN ${command}\n` });
      const output = {
        args: ['--builder', small.name, '--build-context', `box=${await busyboxFolder()}`],
        env: small.env,
      };
      return failureOf(buildWithBuildx(requestOf({}), { toolbox, docker }, output));
    }

    /** The builder sees nothing of the engine's store. */
    async function busyboxFolder(): Promise<string> {
      await write({ 'box.Dockerfile': 'FROM busybox\n' });
      const target = join(folder, 'box');
      const args = ['--file', join(folder, 'box.Dockerfile'), '--output', `type=local,dest=${target}`, folder];
      await toolbox.run('docker', ['buildx', 'build', ...args]);
      return target;
    }

    it('no memory', async () => {
      const failure = await failingThere('x=a; while true; do x=$x$x; done');
      assert.deepEqual(told(failure), ['build-out-of-memory', 'environment', 2]);
      assert.match(failure.summary, /was killed \(exit code 137\), .*memory ran out: the engine has [\d.]+ GB/);
    });

    // Last, since the builder takes its time to give the space back.
    it('no space', async () => {
      const failure = await failingThere('dd if=/dev/zero of=/big bs=1M count=64');
      assert.deepEqual(told(failure), ['no-space', 'environment', 2]);
      assert.match(failure.summary, /RUN dd .* found no space left, though [\d.]+ GB are free|is full/);
    });
  });

  it('a command, in a Dockerfile that is too long for us to parse', async () => {
    const comments = '# a line of which there are many\n'.repeat(10_000);
    const failure = await failing({ Dockerfile: `FROM busybox\n${comments}RUN echo last words; exit 3\n` });
    assert.deepEqual(told(failure), ['build-failed', 'app', 10_002]);
    assert.equal(failure.evidence[0], 'last words');
  });

  it('a layer that the engine has lost: not at all, since it is built once more', async () => {
    await write({ Dockerfile: 'FROM busybox\nCOPY Dockerfile /\n' });
    const plugin = join(folder, 'config', 'cli-plugins', 'docker-buildx');
    await write({ 'config/cli-plugins/docker-buildx': losingOnce(join(folder, 'lost'), await findBuildx(env)) });
    await chmod(plugin, 0o755);
    const warnings: string[] = [];
    const image = await buildImage(requestOf({}), {
      toolbox: new Toolbox({ ...env, DOCKER_CONFIG: join(folder, 'config') }),
      docker,
      onEvent: (event: BuildEvent) => event.type === 'warning' && warnings.push(event.message),
    });
    assert.match(image.imageId, /^sha256:/);
    assert.match(warnings[0] ?? '', /has lost a layer of its build cache during the build\. It is built once more\.$/);
  });
});

/** A buildx that says once what it says when the engine's clean-up was faster, and then is the real one. */
function losingOnce(marker: string, buildx: string | undefined): string {
  const words = 'failed to prepare extraction snapshot "extract-1 sha256:0a": parent snapshot sha256:0b does not exist';
  return [
    '#!/bin/sh',
    `if [ ! -e '${marker}' ]; then touch '${marker}'; echo 'ERROR: failed to solve: ${words}: not found' >&2; exit 1; fi`,
    `exec '${buildx ?? ''}' "$@"\n`,
  ].join('\n');
}

/** Adds a line behind the first that begins with something; answers its number. */
async function insertBehind(workspace: TestWorkspace, file: string, start: string, line: string): Promise<number> {
  await workspace.edit(file, new RegExp(`^${start}.*\n`, 'm'), `$&${line}\n`);
  return (await readFile(join(workspace.path, file), 'utf8')).split('\n').indexOf(line) + 1;
}
