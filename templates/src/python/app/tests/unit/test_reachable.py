"""Waiting for services that start later than the app."""

import asyncio
import socket
import unittest
from contextlib import closing

from vehicleapp import NAME
from vehicleapp.reachable import wait_until_reachable


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


class ReachableTest(unittest.IsolatedAsyncioTestCase):
    async def test_returns_at_once_when_the_service_is_there(self) -> None:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "localhost", 0)
        self.addCleanup(server.close)
        with self.assertNoLogs(NAME):
            port = server.sockets[0].getsockname()[1]
            await wait_until_reachable("broker", "mqtt://localhost", default_port=port)

    async def test_waits_for_a_late_service_and_says_so_once(self) -> None:
        port = free_port()
        with self.assertLogs(NAME, "INFO") as log:
            waiting = asyncio.create_task(wait_until_reachable("broker", f"mqtt://localhost:{port}", 1883))
            # Longer than the first two attempts.
            await asyncio.sleep(0.7)
            self.assertFalse(waiting.done())
            server = await asyncio.start_server(lambda _reader, writer: writer.close(), "localhost", port)
            self.addCleanup(server.close)
            await waiting
        self.assertEqual(len(log.records), 2)
        self.assertIn(f"waiting for the broker at mqtt://localhost:{port}", log.records[0].getMessage())


if __name__ == "__main__":
    unittest.main()
