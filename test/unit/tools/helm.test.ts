import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import {
  Helm,
  releaseHistory,
  releaseRecord,
  type ClusterAccess,
  type CommandResult,
  type KubeApi,
  type Toolbox,
} from '../../../src/tools';

const ACCESS = { kubeconfig: '/data/kubeconfig', context: 'k3d-x' };

interface Call {
  readonly args: readonly string[];
  readonly options: { stdin?: string; env?: Record<string, string | undefined>; timeoutMs?: number };
}

function helmOf(
  version: string,
  stdout = 'Release "app" has been upgraded. Happy Helming!\nREVISION: 7\n',
  access: ClusterAccess = ACCESS,
) {
  const calls: Call[] = [];
  const toolbox = {
    version: () => Promise.resolve(version),
    run: (_tool: string, args: readonly string[], options: Call['options']) => {
      calls.push({ args, options });
      return Promise.resolve({ stdout } as CommandResult);
    },
  } as unknown as Toolbox;
  return { helm: new Helm(toolbox, access), calls };
}

const UPGRADE = {
  release: 'app',
  namespace: 'default',
  chartPath: '/chart',
  valuesFiles: ['/a.yaml', '/b.yaml'],
  values: { secret: 'hush' },
  labels: { content: 'abc' },
};

describe('Helm', () => {
  it('keeps the values of the revision before, and tests a release', async () => {
    const { helm, calls } = helmOf('3.16.1');
    await helm.upgradeInstall({ ...UPGRADE, valuesFiles: [], reuseValues: true });
    await helm.test('app', 'default', { timeoutMs: 90_000 });
    assert.ok(calls[0]?.args.includes('--reuse-values'));
    assert.deepEqual(calls[1]?.args.slice(0, 6), ['test', 'app', '--namespace', 'default', '--timeout', '90s']);
  });

  it('installs or upgrades, with the values by standard input after the files', async () => {
    const { helm, calls } = helmOf('3.16.1');
    assert.deepEqual(await helm.upgradeInstall(UPGRADE), { revision: 7 });
    const [call] = calls;
    assert.deepEqual(call?.args, [
      ...['upgrade', 'app', '/chart', '--install', '--create-namespace', '--namespace', 'default'],
      ...['--values', '/a.yaml', '--values', '/b.yaml', '--values', '-', '--labels', 'content=abc'],
      ...['--kubeconfig', '/data/kubeconfig', '--kube-context', 'k3d-x'],
    ]);
    assert.deepEqual(JSON.parse(call.options.stdin ?? ''), { secret: 'hush' });
  });

  it('makes no namespace in a cluster that is not ours, and writes nothing beside its kubeconfig', async () => {
    const { helm, calls } = helmOf('3.16.1', undefined, { ...ACCESS, foreign: { directory: '/ours' } });
    await helm.upgradeInstall(UPGRADE);
    assert.ok(!calls[0]?.args.includes('--create-namespace'));
    assert.equal(calls[0]?.options.env?.['KUBECACHEDIR'], '/ours/cache');
  });

  it('never waits, and lets Helm 4 apply as Helm 3 does', async () => {
    for (const [version, own] of [
      ['3.16.1', []],
      ['4.1.4', ['--server-side=false']],
    ] as const) {
      const { helm, calls } = helmOf(version);
      await helm.upgradeInstall(UPGRADE);
      await helm.rollback('app', 'default', 2);
      await helm.uninstall('app', 'default');
      for (const { args } of calls) assert.ok(!args.some((arg) => /^--(wait|atomic|rollback-on-failure)/.test(arg)));
      for (const { args } of calls.slice(0, 2)) {
        assert.deepEqual(
          args.filter((arg) => arg.startsWith('--server-side')),
          own,
        );
      }
    }
  });

  it('cannot be led to another cluster by the environment', async () => {
    const { helm, calls } = helmOf('4.1.4');
    await helm.uninstall('app', 'default');
    assert.deepEqual(calls[0]?.args.slice(-4), ['--kubeconfig', '/data/kubeconfig', '--kube-context', 'k3d-x']);
    assert.equal(calls[0].options.env?.['KUBECACHEDIR'], '/data/cache');
  });

  it('takes a comma or a quotation mark in the path of a values file for a part of it', async () => {
    const { helm, calls } = helmOf('4.1.4');
    await helm.template({ ...UPGRADE, valuesFiles: ['/repo/a,/etc/secret.yaml', '/repo/"b"', '/repo/c\nd'] });
    const [first, second, third] = (calls[0]?.args ?? []).filter((_arg, index, args) => args[index - 1] === '--values');
    assert.equal(first, '"/repo/a,/etc/secret.yaml"');
    assert.equal(second, '"/repo/""b"""');
    assert.equal(third, '"/repo/c\nd"');
  });

  it('limits hooks, and Helm itself a little later', async () => {
    const { helm, calls } = helmOf('3.16.1');
    await helm.rollback('app', 'default', undefined, { timeoutMs: 1500 });
    assert.ok(calls[0]?.args.join(' ').includes('--timeout 2s'));
    assert.ok((calls[0]?.options.timeoutMs ?? 0) > 1500);
  });

  it('says when Helm names no revision', async () => {
    await assert.rejects(helmOf('3.16.1', 'nonsense').helm.upgradeInstall(UPGRADE), { code: 'helm-output-unreadable' });
  });
});

describe('Helm records', () => {
  const secret = (version: number, status: string) => {
    const release = gzipSync(JSON.stringify({ manifest: 'kind: X\n', info: { description: 'Upgrade complete' } }));
    return {
      metadata: {
        labels: { owner: 'helm', name: 'app', version: String(version), status, modifiedAt: '1', content: 'abc' },
        creationTimestamp: '2026-11-24T08:11:58Z',
      },
      data: { release: Buffer.from(release.toString('base64'), 'latin1').toString('base64') },
    };
  };

  it('carry status, own labels, manifest and remark', () => {
    const record = releaseRecord(secret(3, 'deployed'));
    assert.equal(record.revision, 3);
    assert.equal(record.status, 'deployed');
    assert.deepEqual(record.labels, { content: 'abc' });
    assert.equal(record.updated, '2026-11-24T08:11:58Z');
    assert.equal(record.manifest, 'kind: X\n');
    assert.equal(record.description, 'Upgrade complete');
  });

  it('say that they cannot be read, and leave out what is of another kind than it should be', () => {
    const record = (content: Buffer) => {
      const release = Buffer.from(content.toString('base64'), 'latin1').toString('base64');
      return releaseRecord({ metadata: {}, data: { release } });
    };
    assert.throws(() => record(Buffer.from('no gzip')).manifest, { code: 'release-record-unreadable' });
    assert.throws(() => record(gzipSync('no JSON')).hooks, { code: 'release-record-unreadable' });
    assert.throws(() => record(gzipSync(Buffer.alloc(65 * 1024 * 1024))).manifest, {
      code: 'release-record-unreadable',
    });
    const odd = record(gzipSync('{"manifest":7,"info":null,"hooks":[null,{"events":["test",1],"manifest":{}}]}'));
    assert.deepEqual([odd.manifest, odd.description], ['', '']);
    assert.deepEqual(odd.hooks, [{ events: ['test'], manifest: '' }]);
  });

  it('come newest first, by number', async () => {
    const items = [2, 10, 9].map((version) => secret(version, 'superseded'));
    const asked: unknown[] = [];
    const api = {
      list: (path: string, query: unknown) => {
        asked.push(path, query);
        return Promise.resolve({ items, resourceVersion: '1' });
      },
    } as unknown as KubeApi;
    const records = await releaseHistory(api, 'app', 'ns');
    assert.deepEqual(
      records.map(({ revision }) => revision),
      [10, 9, 2],
    );
    assert.deepEqual(asked, ['/api/v1/namespaces/ns/secrets', { labelSelector: 'owner=helm,name=app' }]);
  });
});
