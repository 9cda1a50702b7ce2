"""`GET /healthz` for the readiness probe: 200 when the app is ready, 503 until then."""

import asyncio

_REQUEST_TIMEOUT_S = 2


async def serve_health(ready: asyncio.Event, port: int) -> asyncio.Server:
    """Listens on all interfaces. The SDK needs no web framework, so neither does this."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(reader.readline(), _REQUEST_TIMEOUT_S)
            writer.write(_response(request, ready.is_set()))
            await writer.drain()
        except (OSError, ValueError, asyncio.TimeoutError):
            # The peer went away, or sent no request: there is nobody to answer.
            pass
        finally:
            writer.close()

    return await asyncio.start_server(answer, port=port)


def _response(request: bytes, ready: bool) -> bytes:
    if not request.startswith(b"GET /healthz"):
        status, body = "404 Not Found", b"see /healthz\n"
    elif ready:
        status, body = "200 OK", b"ready\n"
    else:
        status, body = "503 Service Unavailable", b"starting\n"
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
