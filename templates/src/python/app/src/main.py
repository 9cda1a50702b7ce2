"""Entry point of the container: `python main.py`."""

import logging
import os
import sys

from vehicleapp import NAME, __version__


def main() -> None:
    logging.basicConfig(
        stream=sys.stdout,
        level=os.environ.get("LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    python = sys.version.split()[0]
    logging.getLogger(NAME).info("%s %s started (Python %s)", NAME, __version__, python)

    # Loaded after the first line: the SDK takes longer to import than everything else together.
    from vehicleapp.launcher import launch

    exit_code = launch()
    logging.shutdown()
    sys.stdout.flush()
    # A name lookup that still runs in a thread cannot be interrupted, and a normal exit would wait for it.
    os._exit(exit_code)


if __name__ == "__main__":
    main()
