"""A stand-in for the KUKSA databroker: see README.md."""

NAME = "databroker"
VERSION = "0.4.4+standin1"
