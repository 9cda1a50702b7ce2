import assert from 'node:assert/strict';
import { explainPod, type PodFacts } from '../../../src/explain';

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
    assert.match(explainPod(init(9))?.summary ?? '', /prepare .*exit code 9/);
  });

  it('points into the chart where the chart is at fault', () => {
    const failure = explainPod(waiting('InvalidImageName', BAD_NAME), { chartPath: '/chart' });
    assert.equal(failure?.range?.file, '/chart/values.yaml');
  });
});
