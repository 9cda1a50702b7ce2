import { appendFile, chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['docker', 'k3d', 'helm', 'kubectl'];

/** A Docker engine and tools that do nothing but write down that they were called. */
export class Tripwire {
  private constructor(
    private readonly folder: string,
    private readonly server: Server,
  ) {}

  static async set(folder: string): Promise<Tripwire> {
    const touched = join(folder, 'touched');
    await mkdir(join(folder, 'bin'), { recursive: true });
    await writeFile(touched, '');
    for (const name of PROGRAMS) {
      const program = join(folder, 'bin', name);
      await writeFile(program, `#!/bin/sh\necho "${name} $*" >> '${touched}'\n`);
      await chmod(program, 0o755);
    }
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      void appendFile(touched, 'a connection to the engine\n').finally(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'engine.sock'), resolve));
    return new Tripwire(folder, server);
  }

  /** An environment in which they are Docker and its tools; `VAPP_TEST_TOUCHED` is the file they write. */
  env({ PATH = '' }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return {
      PATH: [join(this.folder, 'bin'), PATH].join(delimiter),
      DOCKER_HOST: `unix://${join(this.folder, 'engine.sock')}`,
      VAPP_TEST_TOUCHED: join(this.folder, 'touched'),
    };
  }

  async dispose(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
