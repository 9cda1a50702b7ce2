import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeSettings, Service } from '../../../src/project';
import { LocalRuntime, type ProvideImage, type RuntimeEvent, type UpOptions } from '../../../src/runtime';
import { Toolbox, dockerClient, type Docker } from '../../../src/tools';
import { stackEnvironment } from '../../stack/environment';

export const SERVICES_CHART = join(__dirname, '..', '..', '..', 'templates', 'charts', 'runtime-services');

/** What the user's own kubeconfig says in these tests; nobody may change a byte of it. */
export const FOREIGN_KUBECONFIG = 'apiVersion: v1\nkind: Config\ncurrent-context: production\n';

/** Nobody answers there: whatever goes to the registry or the API has to find its way without it. */
export const PROXY = 'http://ada:p"ss$HOME\\w@rd@proxy.invalid:3128';

/** A workspace with a home of its own, on the engine of the stack. */
export class RuntimeBench {
  private readonly servers: Server[] = [];

  private constructor(
    readonly base: string,
    readonly workspace: string,
    readonly dataDirectory: string,
    readonly toolbox: Toolbox,
    readonly docker: Docker,
  ) {}

  static async create(): Promise<RuntimeBench> {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-runtime-')));
    const workspace = join(base, 'Gurt $1 = Höhe');
    await mkdir(join(base, '.kube'), { recursive: true });
    await mkdir(workspace);
    await writeFile(join(base, '.kube', 'config'), FOREIGN_KUBECONFIG);
    const env: NodeJS.ProcessEnv = { ...(await stackEnvironment()), HOME: base, HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY };
    delete env['KUBECONFIG'];
    const toolbox = new Toolbox(env);
    return new RuntimeBench(base, workspace, join(base, 'data'), toolbox, await dockerClient(toolbox));
  }

  /** One window's view of the workspace's runtime. */
  runtime(
    options: {
      settings?: Partial<RuntimeSettings>;
      services?: readonly Service[];
      toolbox?: Toolbox;
      docker?: Docker;
    } = {},
  ): LocalRuntime {
    return new LocalRuntime({
      toolbox: options.toolbox ?? this.toolbox,
      docker: options.docker ?? this.docker,
      workspace: this.workspace,
      settings: { agents: 0, ports: [], ...options.settings },
      services: options.services ?? [],
      dataDirectory: this.dataDirectory,
      servicesChart: SERVICES_CHART,
    });
  }

  readonly provideImage: ProvideImage = async (image, registry) => {
    const repository = image.replace(/^.*\//, '').replace(/:.*$/, '');
    const target = `${registry.push}/${repository}`;
    await this.docker.getImage(image).tag({ repo: target, tag: 'test' });
    try {
      const stream = await this.docker.getImage(`${target}:test`).push({ authconfig: { username: '', password: '' } });
      const messages = await new Promise<PushMessage[]>((resolve, reject) => {
        this.docker.modem.followProgress(stream, (error, output: PushMessage[]) =>
          error ? reject(error) : resolve(output),
        );
      });
      // The engine's containerd store says it in the status alone.
      const digest = messages.map(({ status }) => /digest: (sha256:\w+)/.exec(status ?? '')?.[1]).find(Boolean);
      if (digest === undefined) throw new Error(`no digest after pushing ${image}: ${JSON.stringify(messages.at(-1))}`);
      return { repository: `${registry.pull}/${repository}`, digest };
    } finally {
      await this.docker.getImage(`${target}:test`).remove();
    }
  };

  /** Options of `up` that write down what happens. */
  recorded(options: Partial<UpOptions> = {}): UpOptions & { readonly events: RuntimeEvent[]; warnings(): string[] } {
    const events: RuntimeEvent[] = [];
    return {
      provideImage: this.provideImage,
      ...options,
      events,
      warnings: () => events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
      onEvent: (event) => {
        events.push(event);
        options.onEvent?.(event);
      },
    };
  }

  /** Listens on a port of localhost, as any other program may. */
  async occupy(port: number): Promise<void> {
    const server = createServer((socket) => socket.destroy());
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.servers.push(server);
  }

  async vacate(): Promise<void> {
    for (const server of this.servers.splice(0)) {
      server.close();
      await once(server, 'close');
    }
  }

  async dispose(): Promise<void> {
    await this.vacate();
    await this.runtime().delete();
    await rm(this.base, { recursive: true, force: true });
  }
}

interface PushMessage {
  readonly status?: string;
}

/** The names of the images in a registry. */
export async function repositoriesIn(registry: { readonly push: string }): Promise<string[]> {
  const response = await fetch(`http://${registry.push}/v2/_catalog`);
  return ((await response.json()) as { repositories: string[] }).repositories;
}
