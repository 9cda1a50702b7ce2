"""sdv.databroker.v1: what the Velocitas SDK speaks."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
from velocitas_sdk.proto import broker_pb2, broker_pb2_grpc, collector_pb2, collector_pb2_grpc, types_pb2

from . import query, wire
from .catalog import DATA_TYPES, InvalidType, OutOfBounds, Signal
from .store import Reading, Store

SUFFIX = "_value"
TYPE_NUMBERS = {name: types_pb2.DataType.Value(wire.enum_name(name, "BOOL")) for name in DATA_TYPES}
TYPE_NAMES = {number: name for name, number in TYPE_NUMBERS.items()}


def datapoint(signal: Signal, reading: Reading | None) -> types_pb2.Datapoint:
    if reading is None or reading.data is None:
        return types_pb2.Datapoint(failure_value=types_pb2.Datapoint.NOT_AVAILABLE)
    message = types_pb2.Datapoint(timestamp=wire.timestamp(reading))
    wire.put(message, signal, reading.data, SUFFIX)
    return message


def metadata(signal: Signal) -> types_pb2.Metadata:
    changes = types_pb2.STATIC if signal.kind == "attribute" else types_pb2.CONTINUOUS
    return types_pb2.Metadata(
        id=signal.id,
        name=signal.path,
        data_type=TYPE_NUMBERS[signal.data_type],
        change_type=changes,
        description=signal.description,
    )


def accept_all(datapoints: Mapping[Signal, types_pb2.Datapoint]) -> tuple[dict[Signal, Any], dict[Signal, int]]:
    """Splits values into those that their signals accept and the errors of the others."""
    accepted: dict[Signal, Any] = {}
    errors: dict[Signal, int] = {}
    for signal, message in datapoints.items():
        try:
            data = wire.take(message)
            accepted[signal] = None if data is None else signal.accept(data)
        except InvalidType:
            errors[signal] = types_pb2.INVALID_TYPE
        except OutOfBounds:
            errors[signal] = types_pb2.OUT_OF_BOUNDS
    return accepted, errors


class Broker(broker_pb2_grpc.BrokerServicer):
    """For apps: read, subscribe, set."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def GetDatapoints(self, request, context):
        reply = broker_pb2.GetDatapointsReply()
        for path in request.datapoints:
            signal = self._store.catalog.by_path(path)
            if signal:
                reply.datapoints[path].CopyFrom(datapoint(signal, self._store.read(signal)))
            else:
                reply.datapoints[path].failure_value = types_pb2.Datapoint.UNKNOWN_DATAPOINT
        return reply

    async def SetDatapoints(self, request, context):
        reply = broker_pb2.SetDatapointsReply()
        known: dict[Signal, types_pb2.Datapoint] = {}
        for path, message in request.datapoints.items():
            signal = self._store.catalog.by_path(path)
            if signal:
                known[signal] = message
            else:
                reply.errors[path] = types_pb2.UNKNOWN_DATAPOINT
        accepted, errors = accept_all(known)
        for signal, error in errors.items():
            reply.errors[signal.path] = error
        # An app asks an actuator to change; whether it does is its provider's business.
        targets = {signal: data for signal, data in accepted.items() if signal.kind == "actuator"}
        self._store.write(targets, "target")
        self._store.write({signal: data for signal, data in accepted.items() if signal not in targets})
        return reply

    async def Subscribe(self, request, context) -> AsyncIterator[broker_pb2.SubscribeReply]:
        try:
            wanted = query.parse(request.query)
        except query.QueryError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"query not understood: {error}")
        signals: dict[str, Signal] = {}
        for name in sorted(wanted.names):
            signal = self._store.catalog.by_path(name)
            if signal is None:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"unknown datapoint {name}")
            signals[name] = signal
        known = self._store.snapshot(signals.values())
        with self._store.subscribe({"current": signals.values()}) as subscription:
            if self._holds(wanted, known):
                yield self._reply(wanted, signals, known)
            async for _side, changes in subscription:
                known.update(changes)
                if self._holds(wanted, known):
                    yield self._reply(wanted, signals, known)

    async def GetMetadata(self, request, context):
        catalog = self._store.catalog
        found = [catalog.by_path(name) for name in request.names] if request.names else catalog
        return broker_pb2.GetMetadataReply(list=[metadata(signal) for signal in found if signal])

    @staticmethod
    def _holds(wanted: query.Query, known: Mapping[Signal, Reading]) -> bool:
        return wanted.holds({signal.path: reading.data for signal, reading in known.items()})

    @staticmethod
    def _reply(wanted: query.Query, signals: Mapping[str, Signal], known: Mapping[Signal, Reading]):
        reply = broker_pb2.SubscribeReply()
        for name in wanted.selected:
            signal = signals[name]
            reply.fields[name].CopyFrom(datapoint(signal, known.get(signal)))
        return reply


class Collector(collector_pb2_grpc.CollectorServicer):
    """For feeders: register and report."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def RegisterDatapoints(self, request, context):
        reply = collector_pb2.RegisterDatapointsReply()
        for item in request.list:
            kind = "attribute" if item.change_type == types_pb2.STATIC else "sensor"
            if item.data_type not in TYPE_NAMES:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{item.name}: unsupported data type")
            try:
                known = self._store.catalog.add(
                    item.name, TYPE_NAMES[item.data_type], kind, description=item.description
                )
            except InvalidType as error:
                await context.abort(grpc.StatusCode.ALREADY_EXISTS, str(error))
            reply.results[item.name] = known.id
        return reply

    async def UpdateDatapoints(self, request, context):
        return collector_pb2.UpdateDatapointsReply(errors=self._update(request.datapoints))

    async def StreamDatapoints(self, request_iterator, context):
        async for request in request_iterator:
            errors = self._update(request.datapoints)
            if errors:
                yield collector_pb2.StreamDatapointsReply(errors=errors)

    def _update(self, datapoints: Mapping[int, types_pb2.Datapoint]) -> dict[int, int]:
        found = {number: self._store.catalog.by_id(number) for number in datapoints}
        accepted, errors = accept_all({signal: datapoints[number] for number, signal in found.items() if signal})
        self._store.write(accepted)
        unknown = {number: types_pb2.UNKNOWN_DATAPOINT for number, signal in found.items() if signal is None}
        return {**unknown, **{signal.id: error for signal, error in errors.items()}}
