import { once } from 'node:events';
import { spawn } from 'node:child_process';
import type { ClusterAccess } from '../../src/tools';
import { LineSplitter } from '../../src/tools/lines';
import type { TestBed } from './bed';

const READY = /^Starting to serve on (\S+)/;

/** `kubectl proxy` on a free port of the loopback: the API of a cluster as plain HTTP, for who is to pay for no TLS. */
export class ApiProxy {
  private constructor(
    /** E.g. `http://127.0.0.1:34567`. */
    readonly url: string,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(bed: TestBed, { kubeconfig, context }: ClusterAccess): Promise<ApiProxy> {
    const place = ['--kubeconfig', kubeconfig, '--context', context];
    const { program, args, env } = bed.tool('kubectl', [...place, 'proxy', '--port=0']);
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    const end = async () => {
      child.kill();
      await closed;
    };
    const ready = new Promise<string>((resolve) => {
      const lines = new LineSplitter((line) => {
        const [, address] = READY.exec(line) ?? [];
        if (address !== undefined) resolve(`http://${address}`);
      });
      child.stdout.on('data', (chunk: Buffer) => lines.write(chunk));
    });
    const url = await Promise.race([ready, closed.then(() => undefined)]);
    if (url === undefined) throw new Error('kubectl proxy ended before it served');
    return new ApiProxy(url, end);
  }

  /** Settles when it has ended. */
  stop(): Promise<void> {
    return this.end();
  }
}
