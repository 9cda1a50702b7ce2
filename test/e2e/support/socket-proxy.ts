import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A unix socket in front of the engine's, which can go away in the middle of everything, as an engine that dies does. */
export class SocketProxy {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => {
    const engine = connect(this.target);
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      this.sockets.add(from);
      from.pipe(to);
      // Either side may break at any time: that is what this is for.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  });

  constructor(
    private readonly target: string,
    readonly path: string,
  ) {}

  async listen(): Promise<void> {
    this.server.listen(this.path);
    await once(this.server, 'listening');
  }

  /** Cuts every connection and refuses new ones. */
  async die(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}
