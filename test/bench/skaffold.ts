import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterAccess } from '../../src/tools';
import { goProgramSource } from '../stack/parts/go-program';
import { ensureTool, type Tool } from '../stack/parts/tool';
import type { StackContext } from '../stack/types';
import { DevProcess } from './dev-process';
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
  private constructor(
    private readonly dev: DevProcess,
    private readonly folder: string,
    private readonly app: LoopApp,
  ) {}

  /**
   * @param folder the app, which gets a skaffold.yaml.
   * @param registry as host and nodes both call it.
   * @param sync files that go into the container, instead of a new image.
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
    sync?: SkaffoldSync;
  }): Promise<SkaffoldDev> {
    const { program, folder, app, chart, valuesFile, registry, access, env, firstLine, sync } = options;
    await writeFile(join(folder, 'skaffold.yaml'), configuration(chart, valuesFile, sync));
    // Skaffold 2.16 asks `helm version --client`, which Helm 4 does not know any more.
    const bin = join(folder, '.bin');
    await mkdir(bin, { recursive: true });
    await symlink(env['VAPP_TEST_HELM3'] ?? 'helm', join(bin, 'helm'));
    const dev = new DevProcess({
      program,
      args: [
        ...['dev', '--filename', 'skaffold.yaml', '--default-repo', registry, '--trigger', 'notify'],
        ...['--status-check=false', '--cleanup=true', '--auto-create-config=false', '--interactive=false'],
        ...['--kubeconfig', access.kubeconfig, '--kube-context', access.context],
      ],
      cwd: folder,
      env: {
        ...env,
        PATH: `${bin}:${env['PATH'] ?? ''}`,
        SKAFFOLD_UPDATE_CHECK: 'false',
        SKAFFOLD_INTERACTIVE: 'false',
      },
    });
    try {
      if (!(await dev.line(firstLine, START_LIMIT_MS)))
        throw new Error(`skaffold dev shows nothing:\n${dev.lastOutput}`);
    } catch (error) {
      await dev.stop();
      throw error;
    }
    return new SkaffoldDev(dev, folder, app);
  }

  /**
   * Seconds from an edit to the first line of the new version. Undefined when it has not shown it: it mutes logs from the
   * change to the end of deploying (`doDev` in pkg/skaffold/runner/dev.go), and shows nothing of it later (`PrintLine` in
   * pkg/skaffold/kubernetes/logger/formatter.go).
   */
  async edit(line: string): Promise<number | undefined> {
    const started = performance.now();
    const seen = this.dev.line(line, EDIT_LIMIT_MS);
    await edit(this.app, this.folder, line);
    return (await seen) ? (performance.now() - started) / 1000 : undefined;
  }

  stop(): Promise<void> {
    return this.dev.stop();
  }
}

/** A rule of Skaffold's `sync.manual`. */
export interface SkaffoldSync {
  readonly src: string;
  readonly dest: string;
  readonly strip: string;
}

const START_LIMIT_MS = 300_000;
const EDIT_LIMIT_MS = 60_000;

function configuration(chart: string, valuesFile: string, sync: SkaffoldSync | undefined): string {
  return `apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: skaffold-peer
      context: .
      docker: { dockerfile: app/Dockerfile }
${sync ? `      sync: { manual: [${JSON.stringify(sync)}] }\n` : ''}  local: { push: true, useBuildkit: true }
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
