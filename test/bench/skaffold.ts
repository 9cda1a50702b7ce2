import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LineSplitter, type ClusterAccess } from '../../src/tools';
import { goProgramSource } from '../stack/parts/go-program';
import { ensureTool, type Tool } from '../stack/parts/tool';
import type { StackContext } from '../stack/types';
import { edit, type LoopApp } from './loop-apps';

const MODULE = 'github.com/GoogleContainerTools/skaffold/v2';
const VERSION = '2.16.1';

const skaffold: Tool = {
  name: 'skaffold',
  version: VERSION,
  links: [],
  sources: (context) => [
    goProgramSource(context, {
      name: 'skaffold',
      module: MODULE,
      version: VERSION,
      package: `${MODULE}/cmd/skaffold`,
      ldflags: `-s -w -X ${MODULE}/pkg/skaffold/version.version=v${VERSION}`,
      replace: {
        'github.com/alessio/shellescape': '1.4.2',
        'github.com/buildpacks/lifecycle': '0.20.5',
        'github.com/docker/cli': '27.5.1+incompatible',
        'github.com/docker/docker': '27.5.1+incompatible',
        'github.com/imdario/mergo': '0.3.16',
        'github.com/spf13/viper': '1.19.0',
      },
    }),
  ],
};

export function ensureSkaffold(context: StackContext): Promise<string> {
  return ensureTool(context, skaffold);
}

/** `skaffold dev` on one app, as a person would leave it running beside the editor. */
export class SkaffoldDev {
  private readonly waiting = new Map<string, () => void>();
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly app: LoopApp,
  ) {}

  /**
   * @param folder the app, which gets a skaffold.yaml.
   * @param registry as host and nodes both call it.
   */
  static async start(options: {
    program: string;
    folder: string;
    app: LoopApp;
    chart: string;
    valuesFile: string;
    registry: string;
    access: ClusterAccess;
    env: NodeJS.ProcessEnv;
    firstLine: string;
  }): Promise<SkaffoldDev> {
    const { program, folder, app, chart, valuesFile, registry, access, env, firstLine } = options;
    await writeFile(join(folder, 'skaffold.yaml'), configuration(chart, valuesFile));
    // Skaffold 2.16 asks `helm version --client`, which Helm 4 does not know any more.
    const bin = join(folder, '.bin');
    await mkdir(bin, { recursive: true });
    await symlink(env['VAPP_TEST_HELM3'] ?? 'helm', join(bin, 'helm'));
    const child = spawn(
      program,
      [
        ...['dev', '--filename', 'skaffold.yaml', '--default-repo', registry, '--trigger', 'notify'],
        ...['--status-check=false', '--cleanup=true', '--auto-create-config=false', '--interactive=false'],
        ...['--kubeconfig', access.kubeconfig, '--kube-context', access.context],
      ],
      {
        cwd: folder,
        env: {
          ...env,
          PATH: `${bin}:${env['PATH'] ?? ''}`,
          SKAFFOLD_UPDATE_CHECK: 'false',
          SKAFFOLD_INTERACTIVE: 'false',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const dev = new SkaffoldDev(child, folder, app);
    for (const stream of [child.stdout, child.stderr]) {
      const lines = new LineSplitter((line) => dev.onLine(line));
      stream.on('data', (chunk: Buffer) => lines.write(chunk));
    }
    try {
      if (!(await dev.line(firstLine, START_LIMIT_MS))) throw new Error(`skaffold dev shows nothing:\n${dev.output}`);
    } catch (error) {
      await dev.stop();
      throw error;
    }
    return dev;
  }

  /**
   * Seconds from an edit to the first line of the new version. Undefined when it has not shown it: it leaves out what an
   * app writes before it has finished deploying it.
   */
  async edit(line: string): Promise<number | undefined> {
    const started = performance.now();
    const seen = this.line(line, EDIT_LIMIT_MS);
    await edit(this.app, this.folder, line);
    return (await seen) ? (performance.now() - started) / 1000 : undefined;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGINT');
    await once(this.child, 'close');
  }

  private onLine(line: string): void {
    this.output = `${this.output}${line}\n`.slice(-4000);
    for (const [text, resolve] of this.waiting) if (line.includes(text)) resolve();
  }

  /** Whether a line has come within some milliseconds. */
  private line(text: string, limitMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const onClose = () => reject(new Error(`skaffold dev ended:\n${this.output}`));
      const end = (shown: boolean) => {
        clearTimeout(timer);
        this.child.off('close', onClose);
        this.waiting.delete(text);
        resolve(shown);
      };
      const timer = setTimeout(() => end(false), limitMs);
      this.child.once('close', onClose);
      this.waiting.set(text, () => end(true));
    });
  }
}

const START_LIMIT_MS = 120_000;
const EDIT_LIMIT_MS = 60_000;

function configuration(chart: string, valuesFile: string): string {
  return `apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: skaffold-peer
      context: .
      docker: { dockerfile: app/Dockerfile }
  local: { push: true, useBuildkit: true }
deploy:
  helm:
    releases:
      - name: skaffold-peer
        chartPath: ${chart}
        valuesFiles: [${valuesFile}]
        setValueTemplates:
          imageVehicleApp.repository: '{{.IMAGE_REPO_skaffold_peer}}'
          imageVehicleApp.tag: '{{.IMAGE_TAG_skaffold_peer}}@{{.IMAGE_DIGEST_skaffold_peer}}'
`;
}
