import { appendFile, chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['docker', 'docker-buildx', 'k3d', 'helm', 'kubectl'];

/** A Docker engine and tools that do nothing but write down that they were called. */
export class Tripwire {
  private constructor(
    private readonly folder: string,
    private readonly server: Server,
  ) {}

  static async set(folder: string): Promise<Tripwire> {
    const touched = join(folder, 'touched');
    await mkdir(folder, { recursive: true });
    await writeFile(touched, '');
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      void appendFile(touched, 'a connection to the engine\n').finally(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'engine.sock'), resolve));
    const tripwire = new Tripwire(folder, server);
    await tripwire.programs(join(folder, 'bin'));
    return tripwire;
  }

  /** Puts tools that write down that they were called into a folder. */
  async programs(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const name of PROGRAMS) {
      const program = join(folder, name);
      await writeFile(program, `#!/bin/sh\necho "${name} $*" >> '${join(this.folder, 'touched')}'\n`);
      await chmod(program, 0o755);
    }
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
