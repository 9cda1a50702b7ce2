import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../../../../src/tools/kube-failure';
import { judgeCluster, partsOf, type ClusterNode, type SystemPod } from '../../../../src/run/doctor/cluster';
import { judgeClusterDns, reasonOf } from '../../../../src/run/doctor/cluster-dns';
import { judgeRegistry, wayOf } from '../../../../src/run/doctor/registry';

const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name), 'utf8');

const READY: ClusterNode = {
  metadata: { name: 'server-0' },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'DiskPressure', status: 'False' },
    ],
  },
};
const COREDNS: SystemPod = {
  metadata: { name: 'coredns-1' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
};

describe('doctor: the cluster', () => {
  it('is well', () => {
    assert.deepEqual(judgeCluster([], [READY], [COREDNS]), {
      state: 'ok',
      message: "1 of 1 node ready; 1 of Kubernetes' own pods ready",
      nextSteps: [],
    });
  });

  it('names the parts of the API server that are not ready', () => {
    const { answer } = refusal(500, fixture('readyz.txt'), 'GET /readyz');
    const parts = partsOf(answer);
    assert.deepEqual(parts, ['poststarthook/rbac/bootstrap-roles']);
    assert.match(judgeCluster(parts, [READY], [COREDNS]).message, /^the API server is not ready: poststarthook\/rbac/);
  });

  it('names nodes that have fallen silent', () => {
    const silent = JSON.parse(fixture('node-silent.json')) as ClusterNode;
    const found = judgeCluster([], [silent], []);
    assert.equal(found.state, 'error');
    assert.match(
      found.message,
      /^0 of 1 node ready; k3d-\S+-server-0 is not ready: Kubelet stopped posting node status\.$/,
    );
  });

  it('names pressure, and what relieves it', () => {
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'DiskPressure', status: 'True', message: 'kubelet has disk pressure' },
    ];
    const found = judgeCluster([], [{ ...READY, status: { conditions } }], [COREDNS]);
    assert.equal(found.state, 'error');
    assert.match(found.message, /server-0: DiskPressure \(kubelet has disk pressure\)/);
    assert.match(found.nextSteps?.[0] ?? '', /docker system prune/);
    assert.match(judgeCluster([], [{ ...READY, spec: { unschedulable: true } }], []).message, /takes no new pods/);
  });

  it('names pods of Kubernetes that wait, and not those that have done their work', () => {
    const waiting: SystemPod = {
      metadata: { name: 'coredns-2' },
      status: {
        phase: 'Pending',
        conditions: [{ type: 'Ready', status: 'False', message: 'containers with unready status: [coredns]' }],
        containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }],
      },
    };
    const done: SystemPod = { metadata: { name: 'job' }, status: { phase: 'Succeeded' } };
    const found = judgeCluster([], [READY], [COREDNS, waiting, done]);
    assert.equal(found.state, 'warning');
    assert.match(
      found.message,
      /coredns-2 of Kubernetes is not ready: ImagePullBackOff, containers with unready status/,
    );
    assert.doesNotMatch(found.message, /job/);
  });
});

describe('doctor: names in the cluster', () => {
  const OWN = 'kubernetes.default.svc.cluster.local';
  const BROKER = 'mqtt-broker.default.svc.cluster.local';

  it('are found', () => {
    const found = judgeClusterDns('10.43.0.10', 1, [{ name: OWN }, { name: BROKER }]);
    assert.deepEqual(found, { state: 'ok', message: 'kubernetes, mqtt-broker found at 10.43.0.10' });
  });

  it('are not, where nobody serves them', () => {
    const found = judgeClusterDns('10.43.0.10', 0, [{ name: OWN, reason: 'no answer' }]);
    assert.equal(found.state, 'error');
    assert.match(found.message, /^no pod of CoreDNS is ready, .*: kubernetes \(no answer\)$/);
    assert.match(judgeClusterDns(undefined, 0, []).message, /no name server/);
  });

  it('tell a service that is not there from a server that does not answer', () => {
    const missing = judgeClusterDns('10.43.0.10', 1, [{ name: OWN }, { name: BROKER, reason: 'NXDOMAIN' }]);
    assert.equal(missing.message, 'the cluster knows no mqtt-broker');
    assert.match(missing.nextSteps?.[0] ?? '', /vapp up/);
    const silent = judgeClusterDns('10.43.0.10', 1, [{ name: OWN, reason: 'SERVFAIL' }]);
    assert.equal(silent.message, '10.43.0.10 does not find kubernetes (SERVFAIL)');
  });

  it('are asked of busybox, whose words are these', () => {
    const head = 'Server:\t\t10.43.0.10\nAddress:\t10.43.0.10:53\n\n';
    assert.equal(reasonOf(`${head}** server can't find nobody.default.svc.cluster.local: NXDOMAIN\n\n`), 'NXDOMAIN');
    assert.equal(reasonOf(';; connection timed out; no servers could be reached\n\n'), 'no answer');
  });
});

describe('doctor: the registry', () => {
  const MIRROR = 'k3d-vapp-vapp-docexp-cc4c4e81-registry:5000';

  it('is reached by a node through its mirror, whatever becomes of the name itself', () => {
    assert.deepEqual(wayOf(fixture('ctr-reached.txt')), { address: MIRROR });
  });

  it('is not reached while its container is down, or hangs', () => {
    assert.deepEqual(wayOf(fixture('ctr-unreached.txt')), {
      address: MIRROR,
      reason: 'dial tcp: lookup k3d-vapp-vapp-docexp-cc4c4e81-registry on 172.18.0.1:53: no such host',
    });
    assert.deepEqual(wayOf(fixture('ctr-silent.txt')), { address: MIRROR, reason: 'no answer' });
  });

  it('is not reached by a node that knows no mirror', () => {
    assert.deepEqual(wayOf(fixture('ctr-no-mirror.txt')), {
      address: 'registry.vapp.internal:5000',
      reason: 'the node does not know where that is',
    });
  });

  it('is not told of where the log says nothing', () => {
    assert.deepEqual(wayOf('ctr: cannot access containerd\n'), {
      address: undefined,
      reason: 'ctr: cannot access containerd',
    });
  });

  const host = { address: 'localhost:24107' };
  const way = { address: MIRROR };
  const container = 'k3d-x-registry';

  it('is well when both reach it', () => {
    const found = judgeRegistry({ host, nodes: [{ node: 'server-0', way }], container, state: 'running' });
    assert.equal(found.state, 'ok');
    assert.equal(found.message, 'localhost:24107 answers; server-0 reaches it as registry.vapp.internal:5000');
  });

  it('is started again when its container is down', () => {
    const down = {
      host: { ...host, reason: 'connect ECONNREFUSED' },
      nodes: [{ node: 'server-0', way: { ...way, reason: 'no such host' } }],
    };
    const found = judgeRegistry({ ...down, container, state: 'exited' });
    assert.equal(found.state, 'error');
    assert.match(
      found.message,
      /^its container k3d-x-registry is exited; not reachable from this machine at localhost:24107/,
    );
    assert.deepEqual(found.nextSteps, ['Start it: `vapp up`.']);
    assert.match(
      judgeRegistry({ ...down, container, state: 'paused' }).nextSteps?.[0] ?? '',
      /docker unpause k3d-x-registry/,
    );
  });

  it('is told apart from the way to it', () => {
    const cut = judgeRegistry({
      host,
      nodes: [{ node: 'server-0', way: { ...way, reason: 'i/o timeout' } }],
      container,
      state: 'running',
    });
    assert.equal(cut.state, 'error');
    assert.match(cut.message, /localhost:24107 answers; not reachable from server-0 .* \(i\/o timeout\)$/);
    const unknown = { address: undefined, reason: 'no ctr' };
    assert.equal(
      judgeRegistry({ host, nodes: [{ node: 'a', way: unknown }], container, state: 'running' }).state,
      'warning',
    );
  });
});
