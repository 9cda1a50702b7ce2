"""Values on the wire. All three APIs name the fields of a value alike; only sdv's scalars carry a suffix."""

from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from .catalog import Signal
from .store import Reading

SHORT_NAMES = {"boolean": "bool", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def field_of(signal: Signal, scalar_suffix: str = "") -> str:
    name = SHORT_NAMES.get(signal.scalar_type, signal.scalar_type)
    return f"{name}_array" if signal.is_array else name + scalar_suffix


def put(message: Message, signal: Signal, data: Any, scalar_suffix: str = "") -> None:
    """Writes a value into the field that its signal's type asks for."""
    name = field_of(signal, scalar_suffix)
    if signal.is_array:
        target = getattr(message, name)
        target.SetInParent()
        target.values.extend(data)
    else:
        setattr(message, name, data)


def take(message: Message, oneof: str = "value") -> Any:
    """The value of a message, or None when it has none."""
    name = message.WhichOneof(oneof)
    if name is None or name == "failure_value":
        return None
    content = getattr(message, name)
    return list(content.values) if name.endswith("_array") else content


def timestamp(reading: Reading) -> Timestamp:
    seconds, nanos = divmod(reading.time_ns, 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def enum_name(data_type: str, boolean: str) -> str:
    """`uint8[]` becomes `UINT8_ARRAY`; what booleans are called differs between the APIs."""
    name = data_type.removesuffix("[]")
    name = boolean if name == "boolean" else name.upper()
    return f"{name}_ARRAY" if data_type.endswith("[]") else name
