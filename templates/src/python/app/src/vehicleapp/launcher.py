"""Runs the app until SIGTERM or SIGINT."""

import asyncio
import logging
import os
import signal

import grpc
from velocitas_sdk import config

from vehicle import vehicle
from vehicleapp import NAME
from vehicleapp.app import SpeedApp
from vehicleapp.health import serve_health
from vehicleapp.reachable import wait_until_reachable

logger = logging.getLogger(NAME)

_DEFAULT_PORT = 50008


def launch() -> int:
    """Returns the exit code of the process: 0 when it was told to stop, 1 when the app ended by itself."""
    logging.getLogger("velocitas_sdk.vdb.subscriptions").addFilter(one_line_per_lost_connection)
    # Not asyncio.run: it would wait for name lookups before it returns.
    return asyncio.new_event_loop().run_until_complete(_serve())


async def _serve() -> int:
    app = SpeedApp(vehicle)
    running = asyncio.create_task(_run(app))
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, running.cancel)
    exit_code = await _outcome(running)
    await app.stop()
    logger.info("stopped")
    return exit_code


async def _outcome(running: asyncio.Task) -> int:
    try:
        await running
    except asyncio.CancelledError:
        return 0
    except Exception:
        logger.exception("the app failed")
        return 1
    logger.error("the app ended by itself")
    return 1


async def _run(app: SpeedApp) -> None:
    await serve_health(app.ready, int(os.environ.get("VEHICLE_APP_PORT", _DEFAULT_PORT)))
    locate = config.middleware.service_locator.get_service_location
    await asyncio.gather(
        wait_until_reachable("MQTT broker", locate("mqtt"), 1883),
        wait_until_reachable("databroker", locate("vehicledatabroker"), 55555),
    )
    await app.run()


def one_line_per_lost_connection(record: logging.LogRecord) -> bool:
    """A filter: the SDK retries a lost subscription by itself, but logs two stack traces for each attempt."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, grpc.aio.AioRpcError):
        return True
    if record.msg is error:
        return False
    record.msg = "subscription at the databroker failed: %s %s"
    record.args = (error.code().name, error.details())
    record.exc_info = None
    return True
