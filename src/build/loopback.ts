import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Gives a registry that speaks plain HTTP a name on this machine's loopback for the time of some work: the tools speak
 * HTTPS to every other one.
 *
 * @param address host and port; one that is on loopback already is used as it is.
 */
export async function onLoopback<T>(address: string, work: (address: string) => Promise<T>): Promise<T> {
  const [host = '', port = ''] = address.split(/:(?=\d+$)/);
  if (/^(localhost|127\.[\d.]+)$/.test(host)) return work(address);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      keep(socket);
      // Whoever waits at the other end learns of it by its own connection ending.
      socket.on('error', () => other.destroy());
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work(`localhost:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}
