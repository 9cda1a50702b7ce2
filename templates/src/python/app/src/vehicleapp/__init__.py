"""A Vehicle App that publishes the vehicle's speed."""

NAME = "${templateOption:appName}"
__version__ = "0.1.0"
