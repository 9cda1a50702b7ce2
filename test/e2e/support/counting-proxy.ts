import { once } from 'node:events';
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Socket } from 'node:net';

/** Stands in front of a server, counts what its clients say, and can go away and come back as the server can. */
export class CountingProxy {
  /** Pieces of data from clients: each request is one at least. */
  sent = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => {
    const target = connect(this.target);
    client.on('data', () => (this.sent += 1));
    for (const [from, to] of [
      [client, target],
      [target, client],
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
    private readonly target: NetConnectOpts,
    private readonly address: ListenOptions,
  ) {}

  get connections(): number {
    return this.sockets.size;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async listen(): Promise<void> {
    this.server.listen(this.address);
    await once(this.server, 'listening');
  }

  /** Cuts every connection and refuses new ones. */
  async cut(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }
}
