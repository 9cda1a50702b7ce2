"""A Vehicle App that publishes the vehicle's speed."""

NAME = "sampleapp"
__version__ = "0.1.0"
