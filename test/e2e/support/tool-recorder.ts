import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { findBuildx } from '../../../src/build';
import { Toolbox } from '../../../src/tools';

/** One call of a tool, as its process got it. */
export interface ToolCall {
  readonly tool: string;
  readonly args: readonly string[];
}

/** Stands in front of the tools: each call is written down, and goes on to the real one. */
export class ToolRecorder {
  private constructor(private readonly folder: string) {}

  /** @param env in which the real tools are found. @param folder an empty one. */
  static async before(env: NodeJS.ProcessEnv, folder: string): Promise<ToolRecorder> {
    const recorder = new ToolRecorder(folder);
    await mkdir(join(folder, 'calls'), { recursive: true });
    const toolbox = new Toolbox(env);
    for (const tool of ['docker', 'k3d', 'helm', 'kubectl'] as const) {
      await recorder.wrap(join('bin', tool), await toolbox.path(tool));
    }
    await recorder.wrap('bin/git', '/usr/bin/git');
    await recorder.wrap('docker/cli-plugins/docker-buildx', (await findBuildx(env)) ?? '');
    return recorder;
  }

  /** What makes these the tools, above the environment in which the real ones were found. */
  env({ PATH = '' }: NodeJS.ProcessEnv): Record<string, string> {
    return { PATH: [join(this.folder, 'bin'), PATH].join(delimiter), DOCKER_CONFIG: join(this.folder, 'docker') };
  }

  async calls(): Promise<ToolCall[]> {
    const names = await readdir(join(this.folder, 'calls'));
    const calls = await Promise.all(names.map((name) => readFile(join(this.folder, 'calls', name), 'utf8')));
    return calls.map((call) => {
      const [tool = '', ...args] = call.split('\0').slice(0, -1);
      return { tool, args };
    });
  }

  private async wrap(name: string, real: string): Promise<void> {
    const wrapper = join(this.folder, name);
    await mkdir(join(wrapper, '..'), { recursive: true });
    await writeFile(
      wrapper,
      `#!/bin/sh
printf '%s\\0' "\${0##*/}" "$@" > '${this.folder}'/calls/$$.$(date +%N)
exec '${real}' "$@"
`,
    );
    await chmod(wrapper, 0o755);
  }
}
