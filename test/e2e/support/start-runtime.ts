/* Starts a workspace's runtime in a process of its own, so that a test can kill it. Argument: JSON of StartRequest. */
import { LocalRuntime } from '../../../src/runtime';
import { Toolbox, dockerClient } from '../../../src/tools';

export interface StartRequest {
  readonly workspace: string;
  readonly dataDirectory: string;
  readonly servicesChart: string;
}

async function start(request: StartRequest): Promise<void> {
  const toolbox = new Toolbox();
  const runtime = new LocalRuntime({
    ...request,
    toolbox,
    docker: await dockerClient(toolbox),
    settings: { agents: 0, ports: [] },
    services: [],
  });
  await runtime.up({ provideImage: () => Promise.reject(new Error('there are no services')) });
}

start(JSON.parse(process.argv[2] ?? '') as StartRequest).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
