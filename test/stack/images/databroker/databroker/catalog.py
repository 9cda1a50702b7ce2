"""The signals that a broker knows: their names, types and limits."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INTEGER_RANGES = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
SCALAR_TYPES = ("string", "boolean", *INTEGER_RANGES, "float", "double")
DATA_TYPES = (*SCALAR_TYPES, *(f"{name}[]" for name in SCALAR_TYPES))
KINDS = ("attribute", "sensor", "actuator")


class InvalidType(ValueError):
    """A value does not fit the data type of its signal."""


class OutOfBounds(ValueError):
    """A value is beyond what its signal allows."""


@dataclass(frozen=True)
class Signal:
    """A leaf of the tree. Types are VSS names: `uint8`, `float`, `string[]`."""

    id: int
    path: str
    data_type: str
    kind: str
    description: str = field(default="", compare=False)
    unit: str = field(default="", compare=False)
    minimum: float | None = field(default=None, compare=False)
    maximum: float | None = field(default=None, compare=False)
    allowed: tuple[Any, ...] = field(default=(), compare=False)

    @property
    def is_array(self) -> bool:
        return self.data_type.endswith("[]")

    @property
    def scalar_type(self) -> str:
        return self.data_type.removesuffix("[]")

    def accept(self, value: Any) -> Any:
        """The value as this signal stores it. Raises InvalidType or OutOfBounds."""
        if self.is_array:
            if not isinstance(value, list):
                raise InvalidType(f"{self.path} is of type {self.data_type}")
            return [self._accept_scalar(item) for item in value]
        return self._accept_scalar(value)

    def _accept_scalar(self, value: Any) -> Any:
        accepted = self._convert(value)
        if self.allowed and accepted not in self.allowed:
            raise OutOfBounds(f"{accepted!r} is not among the allowed values of {self.path}")
        is_number = isinstance(accepted, int | float) and not isinstance(accepted, bool)
        if is_number and self.minimum is not None and accepted < self.minimum:
            raise OutOfBounds(f"{accepted} is below {self.minimum}, the minimum of {self.path}")
        if is_number and self.maximum is not None and accepted > self.maximum:
            raise OutOfBounds(f"{accepted} is above {self.maximum}, the maximum of {self.path}")
        return accepted

    def _convert(self, value: Any) -> Any:
        wanted = self.scalar_type
        is_boolean = isinstance(value, bool)
        if wanted == "boolean" and is_boolean:
            return value
        if wanted == "string" and isinstance(value, str):
            return value
        if wanted in INTEGER_RANGES and isinstance(value, int) and not is_boolean:
            low, high = INTEGER_RANGES[wanted]
            if not low <= value <= high:
                raise OutOfBounds(f"{value} is not within {self.data_type}, the type of {self.path}")
            return value
        if wanted in ("float", "double") and isinstance(value, int | float) and not is_boolean:
            if math.isnan(value):
                raise InvalidType(f"{self.path} is a number")
            return float(value)
        raise InvalidType(f"{self.path} is of type {self.data_type}")


class Catalog:
    """All signals, found by path, by number, and by pattern."""

    def __init__(self) -> None:
        self._by_path: dict[str, Signal] = {}
        self._by_id: dict[int, Signal] = {}

    def __len__(self) -> int:
        return len(self._by_path)

    def __iter__(self) -> Iterator[Signal]:
        return iter(self._by_path.values())

    def add(self, path: str, data_type: str, kind: str, **details: Any) -> Signal:
        """Adds a signal, or returns the one that already has this path. Raises InvalidType when it differs."""
        known = self._by_path.get(path)
        if known:
            if known.data_type != data_type:
                raise InvalidType(f"{path} is registered with type {known.data_type}")
            return known
        if data_type not in DATA_TYPES:
            raise InvalidType(f"{path}: unknown data type {data_type}")
        if kind not in KINDS:
            raise InvalidType(f"{path}: unknown kind {kind}")
        signal = Signal(len(self._by_id) + 1, path, data_type, kind, **details)
        self._by_path[path] = signal
        self._by_id[signal.id] = signal
        return signal

    def by_path(self, path: str) -> Signal | None:
        return self._by_path.get(path)

    def by_id(self, number: int) -> Signal | None:
        return self._by_id.get(number)

    def find(self, pattern: str) -> list[Signal]:
        """A signal, all below a branch, or all that match a pattern: `*` is one level, `**` any number of them."""
        exact = self._by_path.get(pattern)
        if exact:
            return [exact]
        expression = pattern_expression(pattern)
        return [signal for signal in self if expression.fullmatch(signal.path)]

    def load_vss(self, file: Path) -> None:
        """Adds the signals of a VSS tree in its JSON form."""
        tree = json.loads(file.read_text(encoding="utf-8"))
        for name, node in tree.items():
            self._add_node(name, node)

    def _add_node(self, path: str, node: dict[str, Any]) -> None:
        if "children" in node:
            for name, child in node["children"].items():
                self._add_node(f"{path}.{name}", child)
            return
        self.add(
            path,
            node["datatype"],
            node["type"],
            description=node.get("description", ""),
            unit=node.get("unit", ""),
            minimum=node.get("min"),
            maximum=node.get("max"),
            allowed=tuple(node.get("allowed", ())),
        )


def pattern_expression(pattern: str) -> re.Pattern[str]:
    """Without a wildcard a pattern names a branch, with all below it. The empty pattern matches all."""
    if pattern in ("", "**"):
        return re.compile(".*")
    parts = []
    for level in pattern.split("."):
        if level == "**":
            parts.append(r"(?:[^.]+\.)*[^.]+")
        elif level == "*":
            parts.append(r"[^.]+")
        else:
            parts.append(re.escape(level))
    return re.compile(r"\.".join(parts) + r"(?:\..+)?")
