import assert from 'node:assert/strict';
import { places, problemWith, readFiles, VALID } from './temporary-repository';

describe('vapp.yaml: builders and other clusters', () => {
  const read = (text: string, files = {}) => readFiles({ ...VALID, ...files, 'vapp.yaml': text });

  it('are read with their places', async () => {
    const repository = await read(`build:
  builder: tcp://buildkit.example.com:1234
  cacheFrom: [ghcr.io/owner/cache, "localhost:5000/cache:main"]
  cacheTo: ghcr.io/owner/cache
remote:
  contexts:
    - name: arn:aws:eks:eu-1:1:cluster/team
      registry: ghcr.io/owner
    - name: k3d-team
      registry: localhost:5111/apps
      pullRegistry: k3d-registry:5000/apps
      namespace: ada
      services: { mqtt-broker: "broker.services:1883" }
`);
    assert.deepEqual(places(repository), []);
    const { apps, remote } = repository;
    const build = apps[0]?.build;
    assert.equal(build?.builder?.value, 'tcp://buildkit.example.com:1234');
    assert.deepEqual(build.builder.range?.start, { line: 2, column: 12 });
    assert.deepEqual(
      build.cacheFrom.map(({ value, range }) => [value, range?.start.line]),
      [
        ['ghcr.io/owner/cache:sampleapp', 3],
        ['localhost:5000/cache:main', 3],
      ],
    );
    assert.equal(build.cacheTo?.value, 'ghcr.io/owner/cache:sampleapp');
    assert.equal(build.cacheTo.range?.start.line, 4);
    const [first, second] = remote.contexts;
    assert.equal(first?.name.value, 'arn:aws:eks:eu-1:1:cluster/team');
    assert.deepEqual(first.services, {});
    assert.equal(second?.pullRegistry?.value, 'k3d-registry:5000/apps');
    assert.equal(second.namespace?.value, 'ada');
    assert.equal(second.services['mqtt-broker']?.value, 'broker.services:1883');
    assert.equal(second.services['mqtt-broker'].range?.start.line, 13);
    assert.equal(remote.range?.start.line, 7);
  });

  for (const [what, text, code] of [
    ['a builder that is an option', 'build: { builder: --help }', 'vapp-value'],
    ['an address without a port', 'build: { builder: "tcp://host" }', 'vapp-value'],
    ['a cache with an option of its own', 'build: { cacheTo: "x,type=local" }', 'vapp-value'],
    ['a context without registry', 'remote: { contexts: [{ name: team }] }', 'vapp-missing-key'],
    ['a context whose name is an option', 'remote: { contexts: [{ name: --x, registry: a.b }] }', 'vapp-value'],
    ['a registry with a scheme', 'remote: { contexts: [{ name: x, registry: "https://a.b" }] }', 'vapp-value'],
    [
      'a service without port',
      'remote: { contexts: [{ name: x, registry: a.b, services: { mqtt: host } }] }',
      'vapp-value',
    ],
    [
      'a context named twice',
      'remote: { contexts: [{ name: x, registry: a.b }, { name: x, registry: c.d }] }',
      'remote-context-twice',
    ],
  ] as const) {
    it(`do not take ${what}`, async () => {
      assert.equal(problemWith(await read(`${text}\n`), code).severity, 'error');
    });
  }

  it('do not let apps overwrite one another’s cache', async () => {
    const apps = 'apps: [{ name: One }, { name: Two }]\n';
    const problem = problemWith(await read(`${apps}build: { cacheTo: "a.b/cache:main" }\n`), 'cache-shared');
    assert.equal(problem.range.start.line, 2);
    const repository = await read(`${apps}build: { cacheTo: "a.b:5000/cache" }\n`);
    assert.deepEqual(places(repository), []);
    assert.deepEqual(
      repository.apps.map(({ build }) => build.cacheTo?.value),
      ['a.b:5000/cache:one', 'a.b:5000/cache:two'],
    );
  });
});
