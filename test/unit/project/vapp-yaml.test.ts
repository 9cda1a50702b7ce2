import assert from 'node:assert/strict';
import { CHART, places, problemWith, readFiles, VALID } from './temporary-repository';

describe('vapp.yaml', () => {
  const read = (text: string | Uint8Array, files = {}) => readFiles({ ...VALID, ...files, 'vapp.yaml': text });

  it('says how changes come into a running container', async () => {
    const repository = await read(
      `apps:
  - liveUpdate:
      sync: [{ from: app/src, to: /app/ }, { from: ../out, to: /app }, { from: app, to: relative }]
      restart: false
      stopSeconds: 5
`,
    );
    const { root } = repository;
    assert.deepEqual(repository.apps[0]?.liveUpdate, {
      sync: [
        { from: `${root}/app/src`, to: '/app' },
        { from: `${root}/app`, to: 'relative' },
      ],
      restart: false,
      stopMs: 5000,
    });
    assert.deepEqual(
      repository.problems.map(({ code, range }) => [code, range.start.line]),
      [
        ['path-outside-repository', 3],
        ['vapp-value', 3],
      ],
    );
    assert.deepEqual((await read('apps: [{ liveUpdate: {} }]\n')).apps[0]?.liveUpdate, { restart: true });
    assert.equal((await read('apps: [{}]\n')).apps[0]?.liveUpdate, undefined);
  });

  it('overrides everything', async () => {
    const repository = await read(
      `apps:
  - name: Türöffner
    manifest: app/AppManifest.json
    dockerfile: docker/App.Dockerfile
    context: docker
    target: final
    buildArgs: { VERSION: 1.10, DEBUG: true, NAME: "x" }
    platforms: [linux/amd64, linux/arm/v7]
    port: 8080
    namespace: vehicle
    chart:
      path: charts/mine
      valuesFiles: [charts/dev.yaml]
      values:
        some.dotted.path: 1
        nested: { value: true, list: [1] }
        podAnnotations: { example.org/x: "y" }
        empty: {}
      image: { repository: img.repo, digest: img.digest }
      environment: app.env
runtime:
  k3sImage: rancher/k3s:v1.34.3-k3s1
  agents: 2
  ports: [{ host: 8080, node: 30080 }]
  services: config/services.json
`,
      {
        'docker/App.Dockerfile': 'FROM scratch AS final\n',
        'charts/mine/Chart.yaml': 'apiVersion: v2\nname: mine\nversion: 0.1.0\n',
        'charts/dev.yaml': 'a: 1\n',
        'config/services.json': '[]',
      },
    );
    assert.deepEqual(places(repository), []);
    const { root } = repository;
    const [app] = repository.apps;
    assert.ok(app?.manifest);
    assert.deepEqual(app.name.range?.start, { line: 2, column: 11 });
    assert.equal(app.id, 'tueroeffner');
    assert.equal(app.dockerfile.value, `${root}/docker/App.Dockerfile`);
    assert.equal(app.context, `${root}/docker`);
    assert.equal(app.target, 'final');
    assert.deepEqual(app.buildArgs, { VERSION: '1.10', DEBUG: 'true', NAME: 'x' });
    assert.deepEqual(app.platforms, ['linux/amd64', 'linux/arm/v7']);
    assert.equal(app.port, 8080);
    assert.equal(app.namespace, 'vehicle');
    assert.equal(app.chart.source, 'vapp.yaml');
    assert.equal(app.chart.path, `${root}/charts/mine`);
    assert.deepEqual(app.chart.valuesFiles, [`${root}/charts/dev.yaml`]);
    assert.deepEqual(app.chart.values, {
      'some.dotted.path': 1,
      'nested.value': true,
      'nested.list': [1],
      podAnnotations: { 'example.org/x': 'y' },
      empty: {},
    });
    assert.deepEqual(app.chart.imageValues, { repository: 'img.repo', digest: 'img.digest' });
    assert.equal(app.chart.environmentValue, 'app.env');
    assert.equal(repository.runtime.k3sImage?.value, 'rancher/k3s:v1.34.3-k3s1');
    assert.equal(repository.runtime.k3sImage.range?.start.line, 22);
    assert.equal(repository.runtime.agents, 2);
    assert.deepEqual(repository.runtime.ports, [{ host: 8080, node: 30080 }]);
    assert.deepEqual(repository.services, []);
  });

  it('leaves the defaults where it says nothing', async () => {
    for (const text of ['', '# later\n', 'runtime: {}\n']) {
      const repository = await read(text);
      assert.deepEqual(places(repository), []);
      const [app] = repository.apps;
      assert.equal(app?.id, 'sampleapp');
      assert.equal(app.port, 50008);
      assert.equal(app.namespace, 'default');
      assert.deepEqual(app.build, { cacheFrom: [] });
      assert.equal(app.context, repository.root);
      assert.deepEqual(app.platforms, ['linux/amd64', 'linux/arm64']);
      assert.deepEqual(repository.runtime, { agents: 0, ports: [] });
      assert.deepEqual(repository.remote, { contexts: [] });
    }
  });

  it('needs no manifest, and then takes the name of the folder', async () => {
    const repository = await readFiles({ 'vapp.yaml': '', 'app/Dockerfile': 'FROM scratch' });
    assert.deepEqual(places(repository), []);
    assert.equal(repository.apps[0]?.name.value, repository.root.split('/').at(-1));
  });

  it('understands anchors, aliases and merge keys', async () => {
    const repository = await read(
      'apps:\n  - &base\n    name: One\n    platforms: &p [linux/arm64]\n    port: 1000\n  - <<: *base\n    name: Two\n    platforms: *p\n',
    );
    assert.deepEqual(places(repository), []);
    assert.deepEqual(
      repository.apps.map(({ id, platforms, port }) => [id, ...platforms, port]),
      [
        ['one', 'linux/arm64', 1000],
        ['two', 'linux/arm64', 1000],
      ],
    );
  });

  it('lists several apps, each with its own manifest, Dockerfile and chart', async () => {
    const repository = await readFiles({
      'vapp.yaml': 'apps:\n  - manifest: one/AppManifest.json\n  - manifest: two/AppManifest.json\n',
      'one/AppManifest.json': '{ "manifestVersion": "v3", "name": "One" }',
      'two/AppManifest.json': '{ "manifestVersion": "v3", "name": "Two Apps" }',
      'one/Dockerfile': 'FROM scratch',
      'two/Dockerfile': 'FROM scratch',
      'deploy/two-apps/helm/Chart.yaml': 'apiVersion: v2\nname: two\nversion: 1.0.0',
      'deploy/two-apps/helm/values.yaml': 'image: x',
    });
    assert.deepEqual(places(repository), []);
    assert.deepEqual(
      repository.apps.map(({ id, dockerfile, chart }) => [
        id,
        dockerfile.value.slice(repository.root.length),
        chart.path?.slice(repository.root.length),
      ]),
      [
        ['one', '/one/Dockerfile', undefined],
        ['two-apps', '/two/Dockerfile', '/deploy/two-apps/helm'],
      ],
    );
  });

  it('picks an app of the older manifest by name', async () => {
    const files = { 'app/AppManifest.json': '[{ "Name": "One", "Port": 1 }, { "Name": "Two", "Port": 2 }]' };
    const repository = await read('apps:\n  - name: two\n', files);
    assert.deepEqual(places(repository), []);
    assert.equal(repository.apps[0]?.port, 2);
    const ambiguous = await read('apps:\n  - name: three\n', files);
    assert.deepEqual(places(ambiguous), ['vapp.yaml:2:11 error manifest-ambiguous']);
  });

  it('tells two apps of one name apart and warns', async () => {
    const repository = await read('apps:\n  - name: Same\n  - name: Same\n  - name: same\n');
    assert.deepEqual(places(repository), ['vapp.yaml:3:11 warning app-name-twice']);
    assert.equal(new Set(repository.apps.map(({ id }) => id)).size, 3);
  });

  it('suggests the key that was meant', async () => {
    const repository = await read('apps:\n  - dockerfle: x\n    colour: red\n');
    assert.deepEqual(places(repository), [
      'vapp.yaml:2:5 error vapp-unknown-key',
      'vapp.yaml:3:5 error vapp-unknown-key',
    ]);
    const [near, far] = repository.problems;
    assert.equal(near?.hint, 'Did you mean "dockerfile"?');
    assert.deepEqual(near.range.end, { line: 2, column: 14 });
    assert.match(far?.hint ?? '', /^Known keys are name, manifest, /);
  });

  const malformed: [string, string, string[]][] = [
    ['a list', '- x', ['1:1 error vapp-type']],
    ['a word', 'apps', ['1:1 error vapp-type']],
    ['an unknown key', 'runtime:\n  agent: 1', ['2:3 error vapp-unknown-key']],
    [
      'an unknown key with CRLF and a byte order mark',
      '\uFEFFruntime:\r\n  agent: 1\r\n',
      ['2:3 error vapp-unknown-key'],
    ],
    ['apps as a map', 'apps:\n  name: x', ['2:3 error vapp-type']],
    ['apps without apps', 'apps: []', ['1:7 error vapp-value']],
    ['apps without value', '\napps:\n', ['2:1 error vapp-type']],
    ['a port that is a string', 'apps:\n  - port: "80"', ['2:11 error vapp-type']],
    ['a port out of range', 'apps:\n  - port: 70000', ['2:11 error vapp-value']],
    ['a node port out of range', 'runtime:\n  ports:\n    - { host: 80, node: 80 }', ['3:25 error vapp-value']],
    ['a port without node', 'runtime:\n  ports:\n    - host: 80', ['3:7 error vapp-missing-key']],
    ['a blank name', 'apps:\n  - name: "  "', ['2:11 error vapp-value']],
    ['a platform without architecture', 'apps:\n  - platforms: [linux/amd64, arm64]', ['2:30 error vapp-value']],
    ['a platform in capitals', 'apps:\n  - platforms:\n      - Linux/AMD64', ['3:9 error vapp-value']],
    ['a platform twice', 'apps:\n  - platforms: [linux/amd64, linux/amd64]', ['2:16 error vapp-value']],
    ['a namespace in capitals', 'apps:\n  - namespace: Mine', ['2:16 error vapp-value']],
    ['a build argument that is a list', 'apps:\n  - buildArgs:\n      A: [1]', ['3:10 error vapp-type']],
    ['a build argument without value', 'apps:\n  - buildArgs:\n      A:\n', ['3:7 error vapp-type']],
    ['a build argument with a space', 'apps:\n  - buildArgs:\n      A B: 1', ['3:7 error vapp-value']],
    ['an image mapping without image', 'apps:\n  - chart:\n      image: { tag: x }', ['3:14 error vapp-missing-key']],
    ['a value path with a space', 'apps:\n  - chart:\n      environment: a b', ['3:20 error vapp-value']],
    ['a negative number of agents', 'runtime:\n  agents: -1', ['2:11 error vapp-value']],
    ['a fraction of an agent', 'runtime: { agents: 1.5 }', ['1:20 error vapp-type']],
    ['an image with a space', 'runtime:\n  k3sImage: a b', ['2:13 error vapp-value']],
    ['an image that is an option', 'runtime:\n  k3sImage: --help', ['2:13 error vapp-value']],
    ['an image with a query', 'runtime:\n  k3sImage: "a?x="', ['2:13 error vapp-value']],
    ['a key twice', 'runtime:\n  agents: 1\n  agents: 2', ['3:3 error yaml-duplicate-key']],
    ['an open list', 'apps: [\n', ['2:1 error yaml-syntax']],
    ['a tab as indent', 'apps:\n\t- name: x', ['2:1 error yaml-syntax']],
    ['an unclosed string', 'apps:\n  - name: "x', ['2:13 error yaml-syntax']],
    ['two documents', 'apps: []\n---\nruntime: {}', ['2:1 error yaml-syntax']],
    ['an unknown anchor', 'apps: *nothing', ['1:7 error yaml-unreadable']],
    ['an anchor that contains itself', 'apps: &a\n  - chart: { values: { x: *a } }', ['2:27 error yaml-unreadable']],
    ['aliases that unfold without end', bomb(), ['7:9 error yaml-unreadable']],
    ['aliases that copy many keys into many maps', merges(), ['2003:5 error yaml-unreadable']],
    ['aliases of aliases that never end', chain((n) => `k: &a${n} [*a${n - 1}]`), ['201:10 error yaml-unreadable']],
    ['keys that hold them', chain((n) => `? &a${n} [*a${n - 1}]\n: x`), ['400:9 error yaml-unreadable']],
    ['colons without end', ': '.repeat(500_000), ['1:401 error yaml-too-deep']],
    ['values nested by indentation', `apps:\n${nest(300)}`, ['102:102 error yaml-unreadable']],
    ['more apps than anyone has', apps(101), ['2:3 error vapp-value']],
    [
      'a value below a thousand others',
      `apps:\n  - chart:\n      values: { "${'a.'.repeat(500)}a": 1 }`,
      ['3:15 error vapp-value'],
    ],
    ['brackets without end', `apps: ${'['.repeat(500_000)}`, ['1:207 error yaml-too-deep']],
    ['braces without end', '{a: '.repeat(200_000), ['1:801 error yaml-too-deep']],
    ['dashes without end', `apps:\n${'- '.repeat(500_000)}`, ['2:401 error yaml-too-deep']],
    ['a manifest that is not there', 'apps:\n  - manifest: no.json', ['2:15 error manifest-missing']],
    ['an absolute Dockerfile', 'apps:\n  - dockerfile: /Dockerfile', ['2:17 error path-absolute']],
    ['a Dockerfile on another drive', "apps:\n  - dockerfile: 'C:\\Dockerfile'", ['2:17 error path-absolute']],
    ['a context that leads out', 'apps:\n  - context: ../..', ['2:14 error path-outside-repository']],
    ['a context that is a file', 'apps:\n  - context: app/Dockerfile', ['2:14 error context-missing']],
    ['a chart that leads out', 'apps:\n  - chart: { path: a/../../b }', ['2:20 error path-outside-repository']],
    ['a chart that is not there', 'apps:\n  - chart: { path: charts }', ['2:20 error chart-missing']],
    [
      'a values file that is not there',
      'apps:\n  - chart:\n      valuesFiles: [no.yaml]',
      ['3:21 error values-file-missing'],
    ],
    [
      'a values file that leads out',
      'apps:\n  - chart:\n      valuesFiles: [../no.yaml]',
      ['3:21 error path-outside-repository'],
    ],
    ['services that are not there', 'runtime:\n  services: no.json', ['2:13 error services-file-missing']],
    ['services that lead out', 'runtime:\n  services: ../x.json', ['2:13 error path-outside-repository']],
    ['a node port of a service', 'runtime:\n  ports:\n    - { host: 1, node: 31883 }', ['3:7 error port-twice']],
    [
      'a port on localhost twice',
      'runtime:\n  ports:\n    - { host: 1, node: 30001 }\n    - { host: 1, node: 30002 }',
      ['4:7 error port-twice'],
    ],
    [
      'a node port twice',
      'runtime:\n  ports:\n    - { host: 1, node: 30001 }\n    - { host: 2, node: 30001 }',
      ['4:7 error port-twice'],
    ],
  ];
  for (const [what, text, expected] of malformed) {
    it(`reports ${what} with its place`, async () => {
      assert.deepEqual(
        places(await read(text)),
        expected.map((place) => `vapp.yaml:${place}`),
      );
    });
  }

  it('reads dashes and brackets inside of texts as text', async () => {
    const text = `apps:\n  - name: "${'['.repeat(300)}"\n    chart: { values: { a: ${'-'.repeat(300)}, b: '${'{'.repeat(300)}' } }\n`;
    assert.deepEqual(places(await read(`# ${'[ '.repeat(300)}\n${text}`)), []);
  });

  it('words its messages for people', async () => {
    const text =
      'apps:\n  - port: "80"\n    platforms: [arm64]\n    buildArgs: { A: }\n    chart: 5\nruntime:\n  agents: 99\n';
    const messages = (await read(text)).problems.map(({ message }) => message);
    assert.deepEqual(messages, [
      '"apps[0].port" must be a whole number, not a string.',
      'A platform is written os/arch or os/arch/variant, e.g. linux/arm64.',
      '"apps[0].buildArgs.A" must be a string, a number or true or false, not empty.',
      '"apps[0].chart" must be a map, not a number.',
      '"runtime.agents" must be a number from 0 to 16.',
    ]);
  });

  it('keeps silent about the layout when it cannot be read itself', async () => {
    const repository = await readFiles({ 'vapp.yaml': 'apps: [' });
    assert.deepEqual(places(repository), ['vapp.yaml:1:8 error yaml-syntax']);
    assert.deepEqual(repository.apps, []);
  });

  it('warns of a tag that nobody knows', async () => {
    assert.equal(problemWith(await read('runtime: !mine {}'), 'yaml-syntax').severity, 'warning');
  });

  it('takes values and mapping along for a chart of the repository and for the built-in one', async () => {
    const text = 'apps:\n  - chart: { values: { a: 1 }, environment: x.env }\n';
    const [own] = (await read(text, CHART)).apps;
    assert.equal(own?.chart.source, 'repository');
    assert.deepEqual(own.chart.values, { a: 1 });
    assert.equal(own.chart.environmentValue, 'x.env');
    const [builtin] = (await read(text)).apps;
    assert.equal(builtin?.chart.source, 'builtin');
    assert.deepEqual(builtin.chart.values, { a: 1 });
  });
});

function merges(): string {
  const keys = Array.from({ length: 1000 }, (_, number) => `  k${number}: 1`);
  return ['a: &a', ...keys, 'b:', ...Array.from({ length: 1100 }, () => '  - <<: *a')].join('\n');
}

function apps(count: number): string {
  return `apps:\n${Array.from({ length: count }, (_, number) => `  - name: app${number}\n`).join('')}`;
}

function chain(line: (number: number) => string): string {
  return ['k: &a0 x', ...Array.from({ length: 5000 }, (_, number) => line(number + 1))].join('\n');
}

function nest(levels: number): string {
  return Array.from({ length: levels }, (_, level) => `${' '.repeat(level + 1)}a:\n`).join('');
}

function bomb(): string {
  const lines = ['a0: &a0 [x]'];
  for (let level = 1; level < 12; level++) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  return lines.join('\n');
}
