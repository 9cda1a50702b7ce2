import { Failure, type Problem } from '../../../src/base';
import type { ContainerDetails } from '../../../src/deploy';
import type { FolderView } from '../../../src/editor/tree/model';
import type { L10n, TreeNode } from '../../../src/editor/tree/node';
import type { AppPicture, PodPicture, RuntimePicture, WorkspacePicture } from '../../../src/state';

/** English, as the editor puts it together. */
export const l10n: L10n = {
  t: (message, ...args) => message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)])),
};

export const DIGEST = 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
export const IMAGE = `registry.vapp.internal:5000/seatadjuster@${DIGEST}`;

export function container(more: Partial<ContainerDetails> = {}): ContainerDetails {
  return { name: 'app', kind: 'main', state: 'running', ready: true, restarts: 0, image: IMAGE, ...more };
}

export function pod(more: Partial<PodPicture> = {}): PodPicture {
  return {
    name: 'seatadjuster-6d5f7c9b4d-x7k2p',
    phase: 'Running',
    ready: true,
    deleting: false,
    createdAt: '2026-11-24T08:00:00Z',
    containers: [container()],
    ...more,
  };
}

export const crashed = new Failure({
  code: 'app-crashes',
  fault: 'app',
  summary: 'The app ends with exit code 1 again and again.',
  range: { file: '/repo/app/src/main.py', start: { line: 7, column: 1 }, end: { line: 7, column: 2 } },
  nextSteps: ['Correct app/src/main.py, line 7.'],
});

export function crashingPod(): PodPicture {
  return pod({
    ready: false,
    reason: 'CrashLoopBackOff',
    failure: crashed,
    containers: [
      container({
        state: 'waiting',
        ready: false,
        restarts: 4,
        reason: 'CrashLoopBackOff',
        exitCode: 1,
        exitReason: 'Error',
      }),
    ],
  });
}

/** An app that nobody has deployed yet. */
export function absentApp(more: Partial<AppPicture> = {}): AppPicture {
  return {
    id: 'seatadjuster',
    name: 'Seat Adjuster',
    namespace: 'default',
    files: { dockerfile: '/repo/app/Dockerfile', manifest: '/repo/app/AppManifest.json' },
    problems: [],
    workloads: [],
    pods: [],
    troubles: [],
    ...more,
  };
}

/** An app that serves. */
export function servingApp(more: Partial<AppPicture> = {}): AppPicture {
  return absentApp({
    release: { revision: 3, status: 'deployed', updated: '2026-11-24T08:00:00Z', chart: 'vehicle-app-0.1.0' },
    image: IMAGE,
    workloads: [{ kind: 'Deployment', name: 'seatadjuster', ready: 1, wanted: 1 }],
    pods: [pod()],
    ...more,
  });
}

export function runtime(state: RuntimePicture['state'], more: Partial<RuntimePicture> = {}): RuntimePicture {
  return { cluster: 'vapp-repo-01234567', state, followed: false, nodes: [], services: [], ...more };
}

export function runningRuntime(more: Partial<RuntimePicture> = {}): RuntimePicture {
  return runtime('running', {
    followed: true,
    nodes: [{ name: 'k3d-vapp-repo-01234567-server-0', role: 'server', state: 'running', ready: true }],
    registry: { push: 'localhost:41234', pull: 'registry.vapp.internal:5000' },
    services: [
      { id: 'mqtt-broker', cluster: 'mqtt-broker:1883', local: 'localhost:31883', ready: true },
      { id: 'vehicledatabroker', cluster: 'vehicledatabroker:55555', local: 'localhost:30555', ready: false },
      { id: 'seatservice', ready: true },
    ],
    ...more,
  });
}

export function picture(more: Partial<WorkspacePicture> = {}): WorkspacePicture {
  return {
    root: '/repo',
    engine: { state: 'up' },
    runtime: runningRuntime(),
    apps: [servingApp()],
    problems: [],
    ...more,
  };
}

export function folder(of: Partial<WorkspacePicture> = {}, more: Partial<FolderView> = {}): FolderView {
  return { key: 'file:///repo#', name: 'repo', picture: picture(of), jobs: [], live: [], forwards: [], ...more };
}

export function problem(more: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    code: 'manifest-name',
    message: 'The app has no name.',
    range: { file: '/repo/app/AppManifest.json', start: { line: 3, column: 5 }, end: { line: 3, column: 9 } },
    hint: 'Add "name".',
    ...more,
  };
}

export const dockerDown = new Failure({
  code: 'docker-not-running',
  fault: 'environment',
  summary: 'Docker does not answer.',
  evidence: ['connect ENOENT /var/run/docker.sock'],
  nextSteps: ['Start Docker.'],
});

/** A row and all below it, in the order in which they are seen. */
export function all(nodes: readonly TreeNode[]): TreeNode[] {
  return nodes.flatMap((node) => [node, ...all(node.children)]);
}

/** The rows as one sees them when everything is open. */
export function seen(nodes: readonly TreeNode[], indent = ''): string[] {
  return nodes.flatMap(({ icon, label, description, children }) => [
    `${indent}(${icon}) ${label}${description === undefined ? '' : ` | ${description}`}`,
    ...seen(children, `${indent}  `),
  ]);
}

/** The only row whose context begins so. */
export function only(nodes: readonly TreeNode[], context: string): TreeNode {
  const found = all(nodes).filter((node) => node.context === context || node.context.startsWith(`${context}.`));
  const [node] = found;
  if (!node || found.length > 1) throw new Error(`${found.length} rows are ${context}`);
  return node;
}
