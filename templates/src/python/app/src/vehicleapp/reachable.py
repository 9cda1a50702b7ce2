"""Waiting for the services that the app depends on."""

import asyncio
import logging
from urllib.parse import urlparse

from vehicleapp import NAME

logger = logging.getLogger(NAME)

_FIRST_DELAY_S = 0.2
_DELAY_GROWTH = 1.5
_LONGEST_DELAY_S = 2.0
_CONNECT_TIMEOUT_S = 2.0


async def wait_until_reachable(service: str, address: str, default_port: int) -> None:
    """Returns as soon as `address` (a URL) accepts connections. App and services may start in any order.

    Says once that it waits and once that waiting is over, however many attempts there are.
    """
    url = urlparse(address)
    delay = _FIRST_DELAY_S
    waited = False
    while True:
        try:
            connect = asyncio.open_connection(url.hostname, url.port or default_port)
            _, writer = await asyncio.wait_for(connect, _CONNECT_TIMEOUT_S)
        except (OSError, asyncio.TimeoutError) as error:
            if not waited:
                logger.warning("waiting for the %s at %s (%s)", service, address, error or "no answer")
            waited = True
            await asyncio.sleep(delay)
            delay = min(_DELAY_GROWTH * delay, _LONGEST_DELAY_S)
        else:
            writer.close()
            if waited:
                logger.info("the %s is reachable", service)
            return
