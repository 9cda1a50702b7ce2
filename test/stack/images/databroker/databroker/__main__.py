"""The command line: the official databroker's flags as far as they mean anything here; others are named and ignored."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from . import NAME, VERSION
from .catalog import Catalog
from .server import Server
from .store import Store

logger = logging.getLogger(NAME)

BUILT_IN_VSS = Path(__file__).parent / "vss.json"
FLAG_VARIABLES = {"port": "KUKSA_DATABROKER_PORT", "address": "KUKSA_DATABROKER_ADDR"}


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=NAME, description="Stand-in for the KUKSA databroker", allow_abbrev=False)
    parser.add_argument("--address", default=os.environ.get(FLAG_VARIABLES["address"], "0.0.0.0"))
    parser.add_argument("--port", type=int, default=int(os.environ.get(FLAG_VARIABLES["port"], "55555")))
    parser.add_argument(
        "--vss", "--metadata", default=os.environ.get("KUKSA_DATABROKER_METADATA_FILE", ""), metavar="FILE[,FILE…]"
    )
    parser.add_argument("--insecure", action="store_true", help="always the case here")
    parser.add_argument("--version", action="version", version=f"{NAME} {VERSION}")
    known, others = parser.parse_known_args(arguments)
    for other in others:
        if other.startswith("-"):
            logger.warning("%s means nothing to this stand-in and is ignored", other)
    return known


def load_catalog(files: str) -> Catalog:
    """The named VSS files, or the built-in tree when none is named."""
    catalog = Catalog()
    for file in filter(None, files.split(",")):
        catalog.load_vss(Path(file))
    if not files:
        catalog.load_vss(BUILT_IN_VSS)
    return catalog


async def serve(arguments: argparse.Namespace) -> None:
    catalog = load_catalog(arguments.vss)
    server = Server(Store(catalog), f"{arguments.address}:{arguments.port}")
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await server.start()
    logger.info("stand-in %s: %d signals, listening on %s:%d", VERSION, len(catalog), arguments.address, server.port)
    await stopped.wait()
    logger.info("stopping")
    await server.stop()


def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(parse_arguments(sys.argv[1:])))


if __name__ == "__main__":
    main()
