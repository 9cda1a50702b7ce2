"""The part of the vehicle model (VSS) that this app uses.

It has the form of the package which the Velocitas CLI generates from the app manifest
(`velocitas exec vehicle-signal-interface generate-model`). Delete this folder once you install the generated one.
"""

from velocitas_sdk.model import DataPointFloat, Model


class Vehicle(Model):
    """High-level vehicle data."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name
        self.Speed = DataPointFloat("Speed", self)
        """Vehicle speed, km/h (sensor)."""


vehicle = Vehicle("Vehicle")
