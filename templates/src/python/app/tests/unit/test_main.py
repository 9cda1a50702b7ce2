"""The process as the container starts it, without any service around it."""

import os
import signal
import socket
import subprocess
import sys
import unittest
from contextlib import closing
from pathlib import Path

from tests.unit.test_reachable import free_port
from vehicleapp import NAME

MAIN = Path(__file__).parents[2] / "src" / "main.py"


class MainTest(unittest.TestCase):
    def start(self, **env: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-u", str(MAIN)],
            env={**os.environ, "VEHICLE_APP_PORT": str(free_port()), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_says_its_version_first_waits_for_services_and_obeys_sigterm(self) -> None:
        nobody = f"localhost:{free_port()}"
        process = self.start(SDV_MQTT_ADDRESS=f"mqtt://{nobody}", SDV_VEHICLEDATABROKER_ADDRESS=f"grpc://{nobody}")
        self.assertRegex(process.stdout.readline(), rf"{NAME} \d+\.\d+\.\d+ started")
        waiting = process.stdout.readline() + process.stdout.readline()
        self.assertIn(f"waiting for the MQTT broker at mqtt://{nobody}", waiting)
        self.assertIn(f"waiting for the databroker at grpc://{nobody}", waiting)
        process.send_signal(signal.SIGTERM)
        self.assertIn("stopped", process.stdout.readline())
        self.assertEqual(process.wait(), 0)

    def test_fails_with_the_cause_when_its_port_is_taken(self) -> None:
        with closing(socket.create_server(("", 0))) as other:
            process = self.start(VEHICLE_APP_PORT=str(other.getsockname()[1]))
            output = process.stdout.read()
        self.assertIn("address already in use", output)
        self.assertEqual(process.wait(), 1)


if __name__ == "__main__":
    unittest.main()
