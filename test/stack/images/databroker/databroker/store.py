"""Values of signals, and whoever wants to hear of their changes. Everything runs on one event loop, so nothing is locked."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from .catalog import Catalog, Signal

logger = logging.getLogger(__name__)

Side = Literal["current", "target"]
"""What a signal is, or what an actuator is asked to become."""

MAX_WAITING = 1000
"""Changes kept for a slow reader; beyond, the oldest are dropped."""


@dataclass(frozen=True)
class Reading:
    """A value and when it was set, in nanoseconds since 1970. No data means: known to be not available."""

    data: Any
    time_ns: int


Changes = Mapping[Signal, Reading]


class Subscription:
    """Changes in the order in which they happened, those of one write together."""

    def __init__(self, interests: Mapping[Side, Iterable[Signal]]) -> None:
        self._interests = {side: frozenset(signals) for side, signals in interests.items()}
        self._waiting: asyncio.Queue[tuple[Side, Changes]] = asyncio.Queue(MAX_WAITING)

    def offer(self, side: Side, changes: Changes) -> None:
        wanted = self._interests.get(side, frozenset())
        mine = {signal: reading for signal, reading in changes.items() if signal in wanted}
        if not mine:
            return
        if self._waiting.full():
            logger.warning("a subscriber is too slow: its oldest change is dropped")
            self._waiting.get_nowait()
        self._waiting.put_nowait((side, mine))

    async def __aiter__(self) -> AsyncIterator[tuple[Side, Changes]]:
        while True:
            yield await self._waiting.get()


class Store:
    """What all signals are at this moment."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._readings: dict[Side, dict[Signal, Reading]] = {"current": {}, "target": {}}
        self._subscriptions: set[Subscription] = set()

    def read(self, signal: Signal, side: Side = "current") -> Reading | None:
        return self._readings[side].get(signal)

    def snapshot(self, signals: Iterable[Signal], side: Side = "current") -> dict[Signal, Reading]:
        found = self._readings[side]
        return {signal: found[signal] for signal in signals if signal in found}

    def write(self, values: Mapping[Signal, Any], side: Side = "current") -> None:
        """Sets values together: a subscriber hears of them in one change. Values must have been accepted before."""
        now = time.time_ns()
        changes = {signal: Reading(data, now) for signal, data in values.items()}
        self._readings[side].update(changes)
        for subscription in self._subscriptions:
            subscription.offer(side, changes)

    @contextmanager
    def subscribe(self, interests: Mapping[Side, Iterable[Signal]]) -> Iterator[Subscription]:
        """What is written from now on, until the block is left."""
        subscription = Subscription(interests)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
