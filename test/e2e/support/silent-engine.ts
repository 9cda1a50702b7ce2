import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A unix socket that takes connections and never says a word, as an engine that hangs does. */
export class SilentEngine {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => {
    this.sockets.add(socket);
    // Read, or nobody would notice that the other side has gone.
    socket.on('error', () => socket.destroy()).resume();
    socket.once('close', () => this.sockets.delete(socket));
  });

  constructor(readonly path: string) {}

  async listen(): Promise<void> {
    this.server.listen(this.path);
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}
