import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/**
 * Answers `GET /healthz` for the readiness probe: 200 when the app is ready, 503 until then.
 *
 * @throws Error when the port is taken.
 */
export async function serveHealth(port: number, isReady: () => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    const isKnown = request.method === 'GET' && request.url === '/healthz';
    const [status, body] = !isKnown ? [404, 'see /healthz'] : isReady() ? [200, 'ready'] : [503, 'starting'];
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`${body}\n`);
  });
  server.listen(port);
  await once(server, 'listening');
  return server;
}
