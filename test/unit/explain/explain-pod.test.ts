import assert from 'node:assert/strict';
import type { PodSurroundings } from '../../../src/base';
import { explainPod, explainRefusal, placesOfFailure, type PodFacts } from '../../../src/explain';

type Container = NonNullable<NonNullable<PodFacts['status']>['containerStatuses']>[number];

function pod(container: Partial<Container>, spec: PodFacts['spec'] = { restartPolicy: 'Always' }): PodFacts {
  const status = { name: 'app', image: 'registry:5000/app', ready: false, restartCount: 0, ...container };
  return { metadata: { name: 'probe-1' }, spec, status: { containerStatuses: [status] } };
}

function waiting(reason: string, message = ''): PodFacts {
  return pod({ state: { waiting: { reason, message } } });
}

// The messages are the kubelet's and containerd's own, from Kubernetes 1.34.
const NO_COMMAND =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope/x": stat /nope/x: no such file or directory: unknown';
const NO_HOST =
  'failed to pull and unpack image "no.such.host.invalid/app:1": failed to resolve reference "no.such.host.invalid/app:1": failed to do request: Head "https://no.such.host.invalid/v2/app/manifests/1": dial tcp: lookup no.such.host.invalid on 172.22.0.1:53: no such host';
const BAD_NAME = `Failed to apply default image tag "Bad_Name:::": couldn't parse image name "Bad_Name:::": invalid reference format: repository name (library/Bad_Name) must be lowercase`;

describe('explaining a pod', () => {
  const certain: { title: string; pod: PodFacts; code: string; says: RegExp; fault?: string }[] = [
    {
      title: 'invalid image name',
      pod: waiting('InvalidImageName', BAD_NAME),
      code: 'image-name-invalid',
      says: /not valid/,
    },
    {
      title: 'registry out of reach',
      pod: waiting('ErrImagePull', NO_HOST),
      code: 'image-pull-network',
      says: /cannot be reached/,
      fault: 'environment',
    },
    {
      title: 'image that is not there',
      pod: waiting('ImagePullBackOff', 'Back-off pulling image "x": ErrImagePull: manifest unknown: not found'),
      code: 'image-not-found',
      says: /does not exist/,
    },
    {
      title: 'image that may not be read',
      pod: waiting('ErrImagePull', 'pull access denied, insufficient_scope: authorization failed'),
      code: 'image-pull-denied',
      says: /does not let/,
    },
    {
      title: 'image that a registry without TLS does not have',
      pod: waiting(
        'ErrImagePull',
        'failed to pull and unpack image "registry:5000/busybox:no": failed to resolve reference "registry:5000/busybox:no": failed to do request: Head "https://registry:5000/v2/busybox/manifests/no": http: server gave HTTP response to HTTPS client',
      ),
      code: 'image-not-found',
      says: /is not in its registry, or/,
    },
    {
      title: 'pull that only backs off',
      pod: waiting('ImagePullBackOff'),
      code: 'image-pull-failed',
      says: /pulled\.$/,
      fault: 'environment',
    },
    {
      title: 'missing Secret',
      pod: waiting('CreateContainerConfigError', 'secret "missing" not found'),
      code: 'container-config',
      says: /The Secret missing /,
    },
    {
      title: 'missing key',
      pod: waiting('CreateContainerConfigError', "couldn't find key nokey in ConfigMap default/cmx"),
      code: 'container-config',
      says: /ConfigMap default\/cmx has no key nokey/,
    },
    {
      title: 'configuration that is not valid for a reason that has no rule',
      pod: waiting('CreateContainerConfigError', 'cannot find volume "x" to mount into container "app"'),
      code: 'container-config',
      says: /not valid: cannot find volume "x"/,
    },
    {
      title: 'missing command',
      pod: waiting('RunContainerError', NO_COMMAND),
      code: 'command-not-found',
      says: /\/nope\/x: there is no such/,
    },
    {
      title: 'command after the back-off',
      pod: pod({
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'StartError', exitCode: 128, message: NO_COMMAND } },
      }),
      code: 'command-not-found',
      says: /\/nope\/x/,
    },
    {
      title: 'second exit',
      pod: pod({ restartCount: 1, state: { terminated: { reason: 'Error', exitCode: 3 } } }),
      code: 'app-exited',
      says: /again and again with exit code 3\./,
    },
    {
      title: 'crash loop',
      pod: pod({
        restartCount: 1,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'Error', exitCode: 139 } },
      }),
      code: 'app-exited',
      says: /exit code 139 \(signal SIGSEGV\)/,
    },
    {
      title: 'app that returns',
      pod: pod({ restartCount: 1, state: { terminated: { reason: 'Completed', exitCode: 0 } } }),
      code: 'app-exited',
      says: /exit code 0/,
    },
    {
      title: 'too much memory',
      pod: pod({ restartCount: 1, state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }),
      code: 'out-of-memory',
      says: /memory/,
    },
    {
      title: 'only exit, when nobody restarts it',
      pod: pod({ state: { terminated: { reason: 'Error', exitCode: 4 } } }, { restartPolicy: 'Never' }),
      code: 'app-exited',
      says: /The app failed: .* exit code 4/,
    },
  ];
  for (const { title, pod: facts, code, says, fault = 'app' } of certain) {
    it(`is certain: ${title}`, () => {
      const failure = explainPod(facts);
      assert.equal(failure?.code, code);
      assert.equal(failure.fault, fault);
      assert.match(failure.summary, says);
      assert.ok(failure.nextSteps.length > 0);
      assert.match(failure.evidence[0] ?? '', /^pod probe-1, container app: /);
    });
  }

  const open: [string, PodFacts][] = [
    ['a pod without a status', {}],
    ['a container being created', waiting('ContainerCreating')],
    ['a running container', pod({ restartCount: 5, state: { running: {} } })],
    ['a first exit', pod({ state: { terminated: { reason: 'Error', exitCode: 3 } } })],
    [
      'a completed run that nobody restarts',
      pod({ state: { terminated: { reason: 'Completed', exitCode: 0 } } }, { restartPolicy: 'Never' }),
    ],
    [
      'a container whose node went away',
      pod({ restartCount: 1, state: { terminated: { reason: 'Unknown', exitCode: 255 } } }),
    ],
    ...[
      'failed to sync secret cache: timed out waiting for the condition',
      'object "default"/"settings" not registered',
      'services have not yet been read at least once, cannot construct envvars',
    ].map((message): [string, PodFacts] => [
      `a kubelet that has not read everything: ${message}`,
      waiting('CreateContainerConfigError', message),
    ]),
    ...['context deadline exceeded', 'failed to reserve container name "app": name "app" is reserved for "4f"'].map(
      (message): [string, PodFacts] => [
        `a container that takes long to be made: ${message}`,
        waiting('CreateContainerError', message),
      ],
    ),
    ['an unschedulable pod', { status: { phase: 'Pending' } }],
  ];
  for (const [title, facts] of open) {
    it(`waits on for ${title}`, () => assert.equal(explainPod(facts), undefined));
  }

  it('looks at init containers, and takes a finished one for done', () => {
    const init = (exitCode: number): PodFacts => ({
      spec: { restartPolicy: 'Always' },
      status: { initContainerStatuses: [{ name: 'prepare', restartCount: 1, state: { terminated: { exitCode } } }] },
    });
    assert.equal(explainPod(init(0)), undefined);
    const failure = explainPod(init(9));
    assert.equal(failure?.code, 'init-container-failed');
    assert.match(failure.summary, /prepare .*exit code 9/);
  });

  it('points into the chart where the chart is at fault', () => {
    const failure = explainPod(waiting('InvalidImageName', BAD_NAME), { chartPath: '/chart' });
    assert.equal(failure?.range?.file, '/chart/values.yaml');
  });

  it('points at the value that decides it, where it is set, or where it would be added', () => {
    const range = (line: number) => ({ file: '/repo/vapp.yaml', start: { line, column: 1 }, end: { line, column: 9 } });
    const killed = pod({ restartCount: 1, state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } });
    const at = (ranges: Record<string, number>) => {
      const valueRanges = new Map(Object.entries(ranges).map(([path, line]) => [path, range(line)]));
      return explainPod(killed, { chartPath: '/chart', valueRanges })?.range;
    };
    assert.deepEqual(at({ '': 2, resources: 5, 'resources.limits.memory': 7 }), range(7));
    assert.deepEqual(at({ '': 2, resources: 5 }), range(5));
    assert.deepEqual(at({ '': 2, probes: 4 }), range(2));
    assert.equal(at({ probes: 4 })?.file, '/chart/values.yaml');
  });

  it('does not point into the chart where the app itself ended', () => {
    const exited = pod({ restartCount: 1, state: { terminated: { reason: 'Error', exitCode: 3 } } });
    assert.equal(explainPod(exited, { chartPath: '/chart' })?.range, undefined);
  });
});

// The messages are those of Kubernetes 1.34: scheduler, kubelet and API server.
const SHORT = (resource: string) =>
  `0/1 nodes are available: 1 Insufficient ${resource}. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.`;
const UNNAMED_TAINT =
  "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
const PRESSURE =
  '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.';
const MOUNT = 'MountVolume.SetUp failed for volume "settings" : configmap "settings" not found';
const NOT_FOUND = 'Readiness probe failed: HTTP probe failed with statuscode: 404';
const REFUSED =
  'Liveness probe failed: Get "http://10.42.0.9:50008/healthz": dial tcp 10.42.0.9:50008: connect: connection refused';

describe('explaining a pod by what is known beside it', () => {
  const unscheduled = (message: string): PodFacts => ({
    metadata: { name: 'probe-1' },
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
    },
  });
  const warned = (reason: string, message: string): PodSurroundings => ({ warnings: [{ reason, message }] });
  const running = (restarts: number) =>
    pod({
      restartCount: restarts,
      state: { running: {} },
      ...(restarts > 0 ? { lastState: { terminated: { reason: 'Error', exitCode: 137 } } } : {}),
    });
  const exited = pod({ restartCount: 1, state: { terminated: { reason: 'Error', exitCode: 1 } } });

  const DISK_TAINT = 'node.kubernetes.io/disk-pressure';
  const PUT_OUT: PodFacts = {
    status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' },
  };

  const certain: [string, PodFacts, PodSurroundings, string, RegExp][] = [
    ['too little memory', unscheduled(SHORT('memory')), {}, 'unschedulable-resources', /as much memory free/],
    ['too few cores', unscheduled(SHORT('cpu')), {}, 'unschedulable-resources', /as much cpu free/],
    ['a node short of disk', unscheduled(PRESSURE), {}, 'node-pressure', /short of disk space/],
    [
      'a node short of memory, which the scheduler does not name',
      unscheduled(UNNAMED_TAINT),
      { taints: ['special', 'node.kubernetes.io/memory-pressure'] },
      'node-pressure',
      /short of memory/,
    ],
    [
      'a taint that the scheduler does not name',
      unscheduled(UNNAMED_TAINT.replace("1 node(s) didn't match Pod's node affinity/selector, ", '')),
      { taints: ['special'] },
      'unschedulable',
      /untolerated taint/,
    ],
    [
      'a node that is not there',
      unscheduled("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
      {},
      'unschedulable-selector',
      /labels/,
    ],
    [
      'a claim that is not there',
      unscheduled('0/1 nodes are available: persistentvolumeclaim "data" not found. not found.'),
      {},
      'volume-missing',
      /The volume claim data /,
    ],
    [
      'a taint',
      unscheduled('0/1 nodes are available: 1 node(s) had untolerated taint {special: true}.'),
      {},
      'unschedulable',
      /untolerated taint/,
    ],
    ['a pod put out', PUT_OUT, {}, 'node-pressure', /low on resource: ephemeral-storage\.$/],
    [
      'a pod put out by a node that stays short',
      PUT_OUT,
      { taints: [DISK_TAINT], taintsLastedMs: 60_000 },
      'node-pressure',
      /low on resource/,
    ],
    ['a pod put out, at the end', PUT_OUT, { taints: [], timeUp: true }, 'node-pressure', /low on resource/],
    [
      'a volume',
      waiting('ContainerCreating'),
      warned('FailedMount', MOUNT),
      'volume-missing',
      /The ConfigMap settings,/,
    ],
    [
      'a key',
      waiting('ContainerCreating'),
      warned('FailedMount', 'MountVolume.SetUp failed for volume "s" : references non-existent secret key: token'),
      'volume-missing',
      /the key token,/,
    ],
    ['a liveness probe', running(2), warned('Unhealthy', REFUSED), 'liveness-probe-failed', /connection refused\.$/],
    [
      'a readiness probe, at the end',
      running(0),
      { ...warned('Unhealthy', NOT_FOUND), timeUp: true },
      'readiness-probe-failed',
      /statuscode: 404\.$/,
    ],
    [
      'another processor',
      exited,
      { lastWords: ['Last lines of container app:', 'exec /vehicleapp: exec format error'] },
      'image-platform',
      /another processor/,
    ],
    [
      'a read-only file system',
      exited,
      { lastWords: ["OSError: [Errno 30] Read-only file system: '/data'"] },
      'file-system-read-only',
      /'\/data'$/,
    ],
    [
      'a name in Node.js',
      exited,
      { lastWords: ['Error: getaddrinfo ENOTFOUND mqtt'] },
      'name-not-resolved',
      /the host mqtt /,
    ],
    [
      'a name in Go',
      exited,
      { lastWords: ['dial tcp: lookup mqtt.other on 10.43.0.10:53: no such host'] },
      'name-not-resolved',
      /the host mqtt\.other /,
    ],
    [
      'a name in busybox',
      exited,
      { lastWords: ["wget: bad address 'mqtt.nowhere:1883'"] },
      'name-not-resolved',
      /the host mqtt\.nowhere /,
    ],
    [
      'a name in Python',
      exited,
      { lastWords: ['socket.gaierror: [Errno -2] Name or service not known'] },
      'name-not-resolved',
      /a host is not known/,
    ],
  ];
  for (const [title, facts, circumstances, code, says] of certain) {
    it(`is certain: ${title}`, () => {
      const failure = explainPod(facts, {}, circumstances);
      assert.equal(failure?.code, code);
      assert.match(failure.summary, says);
      assert.ok(failure.nextSteps.length > 0);
      assert.match(failure.evidence[0] ?? '', /^pod .*: ./);
    });
  }

  const open: [string, PodFacts, PodSurroundings][] = [
    ['room that others make', unscheduled(SHORT('memory')), { othersLeave: true }],
    [
      'a node that comes up, which is not named',
      unscheduled(UNNAMED_TAINT),
      { taints: ['node.kubernetes.io/not-ready'] },
    ],
    ['a node that was short a moment ago', unscheduled(UNNAMED_TAINT), { taints: [DISK_TAINT], taintsLastedMs: 1000 }],
    ['the next pod, where the node was short a moment ago', PUT_OUT, { taints: [DISK_TAINT], taintsLastedMs: 1000 }],
    ['the next pod, where the node is short of nothing any more', PUT_OUT, { taints: [], taintsLastedMs: 60_000 }],
    ['a taint that nobody has looked at', unscheduled(UNNAMED_TAINT), {}],
    ['a node that comes up', unscheduled('1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.'), {}],
    ['a claim that is being bound', unscheduled('pod has unbound immediate PersistentVolumeClaims.'), {}],
    ['a probe that fails once more', running(1), warned('Unhealthy', REFUSED)],
    ['a probe, while there is time', running(0), warned('Unhealthy', NOT_FOUND)],
    ['a volume that has come since', running(0), warned('FailedMount', MOUNT)],
    [
      'the authorities of a new cluster',
      waiting('ContainerCreating'),
      warned('FailedMount', MOUNT.replaceAll('"settings"', '"kube-root-ca.crt"')),
    ],
    ['a mount that takes its time', waiting('ContainerCreating'), warned('FailedMount', 'timed out waiting')],
  ];
  for (const [title, facts, circumstances] of open) {
    it(`waits on for ${title}`, () => assert.equal(explainPod(facts, {}, circumstances), undefined));
  }
});

describe('explaining a workload without pods', () => {
  const refused = (message: string) =>
    explainRefusal('Deployment probe', [{ reason: 'FailedCreate', message: `Error creating: ${message}` }]);

  it('names the quota', () => {
    const failure = refused(
      'pods "probe-1" is forbidden: exceeded quota: small, requested: memory=1Gi, used: memory=0, limited: memory=64Mi',
    );
    assert.equal(failure?.code, 'quota-exceeded');
    assert.match(failure.summary, /The quota small .*requested: memory=1Gi, used: memory=0, limited: memory=64Mi\.$/);
    assert.match(failure.evidence[0] ?? '', /^Deployment probe: FailedCreate: /);
  });

  it('names the service account', () => {
    const failure = refused('pods "probe-1" is forbidden: error looking up service account default/robot: not found');
    assert.equal(failure?.code, 'pod-refused');
    assert.match(failure.summary, /default\/robot/);
  });

  it('says what else the API server says', () => {
    const failure = refused(
      'pods "probe-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
    );
    assert.match(failure?.summary ?? '', /violates PodSecurity/);
  });

  it('waits on for what comes by itself', () => {
    assert.equal(explainRefusal('Job probe', []), undefined);
    assert.equal(refused('serviceaccount "default" not found'), undefined);
  });
});

describe('the places that an app’s last lines name', () => {
  it('begin with the innermost, whichever end of the trace that is', () => {
    const python = [
      'Traceback (most recent call last):',
      '  File "main.py", line 3, in main',
      '  File "app.py", line 9, in go',
    ];
    const node = ['TypeError: x', '    at go (/app/app.js:9:1)', '    at main (/app/main.js:3:1)'];
    assert.deepEqual(
      placesOfFailure(python).map(({ path }) => path),
      ['app.py', 'main.py'],
    );
    assert.deepEqual(
      placesOfFailure(node).map(({ path }) => path),
      ['/app/app.js', '/app/main.js'],
    );
  });
});
