import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DeployRequest } from '../../../src/deploy';
import { Toolbox, type ClusterAccess } from '../../../src/tools';
import { stackEnvironment } from '../../stack/environment';
import { mayFillDisk } from './raw-cluster';
import { HTPASSWD } from './registry';

/** Names one of the two Helms in the environment. */
export type HelmVariable = 'VAPP_TEST_HELM3' | 'VAPP_TEST_HELM4';

export interface HeldHelm {
  readonly toolbox: Toolbox;
  goOn(): Promise<void>;
}

/** A cluster and a registry with one image, made by k3d itself, for tests that deploy charts of their own. */
export class HelmCluster {
  private constructor(
    private readonly name: string,
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
    readonly access: ClusterAccess,
    readonly image: DeployRequest['image'],
  ) {}

  static async create(): Promise<HelmCluster> {
    const env = await stackEnvironment();
    const tools = new Toolbox(env);
    const name = `deploy-${randomBytes(3).toString('hex')}`;
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'vapp-deploy-')));
    const registries = join(folder, 'registries.yaml');
    await writeFile(registries, JSON.stringify({ mirrors: { [LOCKED_REGISTRY]: { endpoint: [lockedOf(name)] } } }));
    const create = [
      ...['cluster', 'create', name, '--no-lb', '--image', 'rancher/k3s:v1.34.3-k3s1'],
      ...mayFillDisk(),
      ...['--registry-create', `${name}-registry:127.0.0.1:0`, '--registry-config', registries],
      ...['--kubeconfig-update-default=false', '--kubeconfig-switch-context=false'],
    ];
    // k3d leaves files in its folder for temporary files.
    await tools.run('k3d', create, { env: { TMPDIR: folder } });
    const kubeconfig = join(folder, 'kubeconfig');
    const config = await tools.run('k3d', ['kubeconfig', 'get', name]);
    await writeFile(kubeconfig, config.stdout, { mode: 0o600 });

    const image = await pushTo(`${name}-registry`, tools, 'busybox');
    const cluster = new HelmCluster(name, folder, env, { kubeconfig, context: `k3d-${name}` }, image);
    await cluster.serviceAccount();
    return cluster;
  }

  /** Builds an image and brings it to the cluster; nothing of it stays with the engine. */
  async build(name: string, dockerfile: string): Promise<DeployRequest['image']> {
    const tools = new Toolbox(this.env);
    const context = await mkdtemp(join(this.folder, 'image-'));
    await writeFile(join(context, 'Dockerfile'), dockerfile);
    const tag = `${name}:${this.name}`;
    await tools.run('docker', ['build', '--tag', tag, context]);
    const image = await pushTo(`${this.name}-registry`, tools, tag, name);
    await tools.run('docker', ['rmi', tag]);
    return image;
  }

  /** Starts a registry that nobody may read; the cluster knows it as {@link LOCKED_REGISTRY}. Who calls ends it. */
  async lockRegistry(): Promise<() => Promise<void>> {
    const tools = new Toolbox(this.env);
    const container = lockedOf(this.name).slice('http://'.length).split(':')[0] ?? '';
    const env = [
      'REGISTRY_AUTH=htpasswd',
      'REGISTRY_AUTH_HTPASSWD_REALM=test',
      'REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd',
    ];
    await tools.run('docker', [
      ...['run', '--detach', '--name', container, '--network', `k3d-${this.name}`],
      ...env.flatMap((variable) => ['--env', variable]),
      ...['--entrypoint', 'sh', 'registry:2', '-c'],
      `echo '${HTPASSWD}' > /htpasswd && exec registry serve /etc/docker/registry/config.yml`,
    ]);
    return async () => {
      await tools.run('docker', ['rm', '--force', '--volumes', container]);
    };
  }

  /** Adds a node that is short of disk space by its own measure; answers its name. */
  async addFullNode(): Promise<string> {
    const tools = new Toolbox(this.env);
    const short = ['--k3s-arg', '--kubelet-arg=eviction-hard=nodefs.available<99%'];
    const name = `${this.name}-full`;
    const args = ['node', 'create', name, '--cluster', this.name, '--role', 'agent', ...short];
    await tools.run('k3d', args, { env: { TMPDIR: this.folder } });
    const node = `k3d-${name}-0`;
    await this.kubectl('wait', `node/${node}`, '--for=condition=DiskPressure', '--timeout=120s');
    return node;
  }

  /** The tools with one of the two Helms. */
  toolbox(helm: HelmVariable): Toolbox {
    return new Toolbox({ ...this.env, VAPP_HELM: this.env[helm] });
  }

  /**
   * As {@link toolbox}, but an upgrade waits until its {@link HeldHelm.goOn} is called, and then ends with a status of
   * its own or goes on as Helm.
   */
  async holdingUpgrades(helm: HelmVariable, { status }: { status?: number } = {}): Promise<HeldHelm> {
    const folder = await mkdtemp(join(this.folder, 'helm-'));
    const gate = join(folder, 'go-on');
    const program = join(folder, 'helm');
    const after = status === undefined ? 'exec "$HELD_HELM" "$@"' : `exit ${status}`;
    const held = `while ! [ -e '${gate}' ]; do sleep 0.05; done; ${after}`;
    const script = `#!/bin/sh\ncase "$1" in upgrade) ${held} ;; *) exec "$HELD_HELM" "$@" ;; esac\n`;
    await writeFile(program, script, { mode: 0o755 });
    return {
      toolbox: new Toolbox({ ...this.env, VAPP_HELM: program, HELD_HELM: this.env[helm] }),
      goOn: () => writeFile(gate, ''),
    };
  }

  async kubectl(...args: string[]): Promise<string> {
    const { kubeconfig, context } = this.access;
    const { stdout } = await new Toolbox(this.env).run('kubectl', [
      ...['--kubeconfig', kubeconfig, '--context', context],
      ...args,
    ]);
    return stdout;
  }

  /** Writes a chart; returns its folder. Spaces and umlauts in the path are the rule. */
  async chart(templates: Readonly<Record<string, string>>, values = '{}\n'): Promise<string> {
    const folder = join(this.folder, 'Mein Chart ö');
    await rm(folder, { recursive: true, force: true });
    const files = {
      'Chart.yaml': 'apiVersion: v2\nname: probe\nversion: 0.1.0\n',
      'values.yaml': values,
      ...Object.fromEntries(Object.entries(templates).map(([name, text]) => [`templates/${name}`, text])),
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return folder;
  }

  /** Writes the cluster's kubeconfig elsewhere, with another address. */
  async copyKubeconfig(file: string, server: string): Promise<void> {
    const text = await readFile(this.access.kubeconfig, 'utf8');
    await writeFile(file, text.replace(/server: .*/, `server: ${server}`), { mode: 0o600 });
  }

  async dispose(): Promise<void> {
    await new Toolbox(this.env).run('k3d', ['cluster', 'delete', this.name]);
    await rm(this.folder, { recursive: true });
  }

  /** Pods cannot be created before the namespace has its service account. */
  private async serviceAccount(): Promise<void> {
    await this.kubectl('wait', '--for=create', 'serviceaccount/default', '--timeout=60s');
  }
}

/** As the cluster's nodes call it. */
export const LOCKED_REGISTRY = 'locked.registry:5000';

function lockedOf(cluster: string): string {
  return `http://${cluster}-locked:5000`;
}

async function pushTo(
  registry: string,
  tools: Toolbox,
  image: string,
  name: string = image,
): Promise<DeployRequest['image']> {
  const { stdout: ports } = await tools.run('docker', ['port', registry, '5000/tcp']);
  const pushed = `localhost:${ports.trim().split('\n')[0]?.split(':').at(-1)}/${name}`;
  await tools.run('docker', ['tag', image, pushed]);
  const { stdout } = await tools.run('docker', ['push', pushed]);
  await tools.run('docker', ['rmi', pushed]);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1] ?? '';
  return { repository: `${registry}:5000/${name}`, digest };
}

export interface AppTemplate {
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job';
  readonly script?: string;
  /** Lines of the container, indented by none. */
  readonly container?: string;
  readonly spec?: string;
  /** Lines of the pod's specification, indented by none. */
  readonly pod?: string;
  readonly image?: string;
}

/** A script that says the value `word` and serves until it is asked to end. */
export const SERVING = 'trap "exit 0" TERM; echo {{ .Values.word }}; sleep 3600 & wait';

/** A template of one workload around a shell script. */
export function app({
  kind = 'Deployment',
  script = SERVING,
  container = '',
  spec = '',
  pod = '',
  image,
}: AppTemplate = {}) {
  const isJob = kind === 'Job';
  return `apiVersion: ${isJob ? 'batch' : 'apps'}/v1
kind: ${kind}
metadata:
  name: {{ .Release.Name }}
spec:
  ${spec}
  ${isJob ? 'backoffLimit: 0' : 'selector: { matchLabels: { app: {{ .Release.Name }} } }'}
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
    spec:
      ${isJob ? 'restartPolicy: Never' : 'terminationGracePeriodSeconds: 30'}
${pod.replace(/^/gm, '      ')}
      containers:
        - name: app
          image: "${image ?? '{{ .Values.image.repository }}@{{ .Values.image.digest }}'}"
          command: ["sh", "-c", ${JSON.stringify(script)}]
${container.replace(/^/gm, '          ')}
`;
}
