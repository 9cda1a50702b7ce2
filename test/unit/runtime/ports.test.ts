import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { PortChooser, isPortFree, preferredPorts, takenPort } from '../../../src/runtime/ports';
import { Failure } from '../../../src/base';

describe('choosing ports', () => {
  const allBut =
    (...taken: number[]) =>
    (port: number) =>
      Promise.resolve(!taken.includes(port));

  it('takes the number wished for', async () => {
    assert.equal(await new PortChooser(allBut()).next(31_883), 31_883);
  });

  it('goes on to the next free one', async () => {
    assert.equal(await new PortChooser(allBut(31_883, 31_884)).next(31_883), 31_885);
  });

  it('chooses no port twice, even when asked at the same time', async () => {
    const chooser = new PortChooser(allBut());
    const chosen = await Promise.all([chooser.next(20_000), chooser.next(20_000), chooser.next(20_001)]);
    assert.equal(new Set(chosen).size, 3);
  });

  it('avoids what it is told to', async () => {
    const chooser = new PortChooser(allBut());
    chooser.avoid(30_555);
    assert.deepEqual(await chooser.nodePorts([{ host: 30_555, node: 30_555 }]), [{ host: 30_556, node: 30_555 }]);
  });

  it('says so when none is free', async () => {
    await assert.rejects(new PortChooser(() => Promise.resolve(false)).next(65_500), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, 'no-free-port');
      assert.match(error.summary, /from 65500 to 65535/);
      return true;
    });
  });

  it('prefers the same ports for the same workspace, below those of outgoing connections', () => {
    const ports = preferredPorts('vapp-seat-1234abcd');
    assert.deepEqual(preferredPorts('vapp-seat-1234abcd'), ports);
    assert.notEqual(ports.api, ports.registry);
    assert.ok(ports.api >= 20_000 && ports.registry < 30_000);
  });

  it('sees a port that somebody listens on', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    assert.equal(await isPortFree(port), false);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await isPortFree(port), true);
  });
});

describe('a port taken, in the words of the engine', () => {
  const wordings: Record<string, number | undefined> = {
    'driver failed programming external connectivity on endpoint k3d-x (5f0c): Bind for 127.0.0.1:31883 failed: port is already allocated': 31_883,
    'driver failed programming external connectivity on endpoint k3d-x (5f0c): failed to bind port 127.0.0.1:30555/tcp: Error starting userland proxy: listen tcp4 127.0.0.1:30555: bind: address already in use': 30_555,
    'Ports are not available: exposing port TCP 127.0.0.1:20001 -> 0.0.0.0:0: listen tcp 127.0.0.1:20001: bind: address already in use': 20_001,
    'no such image: registry:2': undefined,
    'dial tcp 127.0.0.1:5000: connect: connection refused': undefined,
  };
  for (const [message, port] of Object.entries(wordings)) {
    it(`${port ?? 'none'}: ${message.slice(0, 50)}…`, () => assert.equal(takenPort(message), port));
  }
});
