"""The readiness endpoint, over a real socket."""

import asyncio
import socket
import unittest

from vehicleapp.health import serve_health


class HealthTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.ready = asyncio.Event()
        server = await serve_health(self.ready, port=0)
        self.addCleanup(server.close)
        self.port = next(s.getsockname()[1] for s in server.sockets if s.family == socket.AF_INET)

    async def status_of(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        response = await reader.read()
        writer.close()
        return response.partition(b"\r\n")[0]

    async def test_is_unavailable_until_ready(self) -> None:
        self.assertEqual(await self.status_of(b"GET /healthz HTTP/1.1\r\n\r\n"), b"HTTP/1.1 503 Service Unavailable")
        self.ready.set()
        self.assertEqual(await self.status_of(b"GET /healthz HTTP/1.1\r\n\r\n"), b"HTTP/1.1 200 OK")

    async def test_knows_no_other_path(self) -> None:
        self.assertEqual(await self.status_of(b"GET / HTTP/1.1\r\n\r\n"), b"HTTP/1.1 404 Not Found")

    async def test_survives_noise(self) -> None:
        await self.status_of(b"\x00" * 100_000 + b"\n")
        self.assertEqual(await self.status_of(b"GET / HTTP/1.1\r\n\r\n"), b"HTTP/1.1 404 Not Found")


if __name__ == "__main__":
    unittest.main()
