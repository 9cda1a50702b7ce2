import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findUserContext, kubernetes } from '../../../src/tools';

const TEAM = `apiVersion: v1
kind: Config
clusters:
  - { name: shared, cluster: { server: "https://cluster.test" } }
  - { name: proxied, cluster: { server: "https://cluster.test", proxy-url: "http://proxy.test:1" } }
users:
  - { name: ada, user: { token: t0ken-of-ada } }
  - { name: ben, user: { username: ben, password: passw0rd-of-ben } }
  - { name: eve, user: { exec: { apiVersion: v1, command: login, env: [{ name: KEY, value: key-of-eve }] } } }
contexts:
  - { name: team, context: { cluster: shared, user: ada, namespace: ada } }
  - { name: ben, context: { cluster: shared, user: ben } }
  - { name: eve, context: { cluster: shared, user: eve } }
  - { name: proxied, context: { cluster: proxied, user: ada } }
  - { name: torn, context: { cluster: elsewhere, user: ada } }
current-context: team
`;

describe('tools: a context of the user’s kubeconfig', () => {
  let home: string;
  let file: string;

  before(async function () {
    // The library takes a moment to load, on a busy machine a long one.
    this.timeout(60_000);
    await kubernetes();
  });

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'vapp-kubeconfig-'));
    file = join(home, '.kube', 'config');
    await mkdir(join(home, '.kube'));
    await writeFile(file, TEAM);
  });

  afterEach(() => rm(home, { recursive: true }));

  it('is found by its name, with its namespace and what no output may show', async () => {
    const env = { HOME: home };
    assert.deepEqual(await findUserContext('team', env), {
      kubeconfig: file,
      namespace: 'ada',
      secrets: ['t0ken-of-ada'],
    });
    assert.deepEqual(await findUserContext('ben', env), { kubeconfig: file, secrets: ['passw0rd-of-ben'] });
    assert.deepEqual((await findUserContext('eve', env)).secrets, ['key-of-eve']);
    assert.equal(await readFile(file, 'utf8'), TEAM);
  });

  it('is looked for in the files of KUBECONFIG, in their order, also where some are not there', async () => {
    const other = join(home, 'other');
    await writeFile(other, TEAM.replaceAll('namespace: ada', 'namespace: other'));
    const KUBECONFIG = ['', join(home, 'none'), other, file].join(delimiter);
    const found = await findUserContext('team', { HOME: home, KUBECONFIG });
    assert.deepEqual([found.kubeconfig, found.namespace], [other, 'other']);
  });

  it('is told of with those that there are when it is not there; the current one does not take its place', async () => {
    await assert.rejects(findUserContext('nobody', { HOME: home }), {
      code: 'context-missing',
      fault: 'usage',
      evidence: [`looked in: ${file}`, 'contexts there: team, ben, eve, proxied, torn'],
    });
  });

  for (const name of ['proxied', 'torn']) {
    it(`is refused with the way out where it cannot be used: ${name}`, async () => {
      await assert.rejects(findUserContext(name, { HOME: home }), { code: 'context-unsupported' });
    });
  }

  it('shows nothing of a file that cannot be read', async () => {
    await writeFile(file, `users: [{ name: a, user: { token: t0ken-of-ada\n${TEAM}`);
    await assert.rejects(findUserContext('team', { HOME: home }), (error: Error & { evidence?: string[] }) => {
      assert.ok(!JSON.stringify([error.message, error.evidence]).includes('t0ken'), error.message);
      return true;
    });
  });
});
