"""kuksa.val.v2: the current API of the databroker."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
from kuksa.val.v2 import types_pb2, val_pb2, val_pb2_grpc

from . import NAME, VERSION, wire
from .catalog import DATA_TYPES, InvalidType, OutOfBounds, Signal
from .store import Changes, Reading, Store

TYPE_NUMBERS = {name: types_pb2.DataType.Value(f"DATA_TYPE_{wire.enum_name(name, 'BOOLEAN')}") for name in DATA_TYPES}
KIND_NUMBERS = {
    "attribute": types_pb2.ENTRY_TYPE_ATTRIBUTE,
    "sensor": types_pb2.ENTRY_TYPE_SENSOR,
    "actuator": types_pb2.ENTRY_TYPE_ACTUATOR,
}


class Refused(Exception):
    """A request that ends with a status other than OK."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


def datapoint(signal: Signal, reading: Reading | None) -> types_pb2.Datapoint:
    message = types_pb2.Datapoint()
    if reading:
        message.timestamp.CopyFrom(wire.timestamp(reading))
        if reading.data is not None:
            wire.put(message.value, signal, reading.data)
    return message


def metadata(signal: Signal) -> types_pb2.Metadata:
    message = types_pb2.Metadata(
        path=signal.path,
        id=signal.id,
        data_type=TYPE_NUMBERS[signal.data_type],
        entry_type=KIND_NUMBERS[signal.kind],
        description=signal.description,
        unit=signal.unit,
    )
    for limit, place in ((signal.minimum, message.min), (signal.maximum, message.max)):
        if limit is not None and not signal.is_array:
            wire.put(place, signal, limit)
    for name in ("min", "max"):
        if getattr(message, name).WhichOneof("typed_value") is None:
            message.ClearField(name)
    return message


def taken(message: types_pb2.Value) -> Any:
    return wire.take(message, "typed_value")


class Val(val_pb2_grpc.VALServicer):
    """Read, publish, subscribe, actuate."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._providers: dict[Signal, Provider] = {}

    async def GetValue(self, request, context):
        signal = await self._or_abort(context, self._signal, request.signal_id)
        return val_pb2.GetValueResponse(data_point=datapoint(signal, self._store.read(signal)))

    async def GetValues(self, request, context):
        signals = [await self._or_abort(context, self._signal, wanted) for wanted in request.signal_ids]
        return val_pb2.GetValuesResponse(data_points=[datapoint(s, self._store.read(s)) for s in signals])

    async def Subscribe(self, request, context) -> AsyncIterator[val_pb2.SubscribeResponse]:
        signals = [
            await self._or_abort(context, self._signal, types_pb2.SignalID(path=path)) for path in request.signal_paths
        ]
        async for entries in self._entries(signals):
            yield val_pb2.SubscribeResponse(entries={signal.path: message for signal, message in entries.items()})

    async def SubscribeById(self, request, context) -> AsyncIterator[val_pb2.SubscribeByIdResponse]:
        signals = [
            await self._or_abort(context, self._signal, types_pb2.SignalID(id=number)) for number in request.signal_ids
        ]
        async for entries in self._entries(signals):
            yield val_pb2.SubscribeByIdResponse(entries={signal.id: message for signal, message in entries.items()})

    async def PublishValue(self, request, context):
        signal = await self._or_abort(context, self._signal, request.signal_id)
        data = await self._or_abort(context, self._accept, signal, request.data_point.value)
        self._store.write({signal: data})
        return val_pb2.PublishValueResponse()

    async def Actuate(self, request, context):
        await self._actuate([request], context)
        return val_pb2.ActuateResponse()

    async def ActuateStream(self, request_iterator, context):
        async for request in request_iterator:
            await self._actuate([request], context)
        return val_pb2.ActuateResponse()

    async def BatchActuate(self, request, context):
        await self._actuate(request.actuate_requests, context)
        return val_pb2.BatchActuateResponse()

    async def ListMetadata(self, request, context):
        signals = self._store.catalog.find(request.root)
        if not signals:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Path {request.root} not found")
        return val_pb2.ListMetadataResponse(metadata=[metadata(signal) for signal in signals])

    async def GetServerInfo(self, request, context):
        return val_pb2.GetServerInfoResponse(name=NAME, version=VERSION)

    async def OpenProviderStream(self, request_iterator, context):
        provider = Provider()
        reader = asyncio.create_task(self._read_provider(provider, request_iterator))
        try:
            while (response := await provider.responses.get()) is not None:
                yield response
            await self._or_abort(context, reader.result)
        finally:
            reader.cancel()
            self._providers = {signal: owner for signal, owner in self._providers.items() if owner is not provider}

    async def _read_provider(self, provider: "Provider", requests) -> None:
        try:
            async for request in requests:
                provider.responses.put_nowait(self._answer_provider(provider, request))
        finally:
            provider.responses.put_nowait(None)

    def _answer_provider(self, provider: "Provider", request) -> val_pb2.OpenProviderStreamResponse:
        kind = request.WhichOneof("action")
        response = val_pb2.OpenProviderStreamResponse()
        if kind == "provide_actuation_request":
            signals = [self._signal(wanted) for wanted in request.provide_actuation_request.actuator_identifiers]
            taken_already = [signal.path for signal in signals if signal in self._providers]
            if taken_already:
                raise Refused(grpc.StatusCode.ALREADY_EXISTS, f"{taken_already[0]} already has a provider")
            self._providers.update({signal: provider for signal in signals})
            response.provide_actuation_response.SetInParent()
        elif kind == "publish_values_request":
            answer = response.publish_values_response
            answer.request_id = request.publish_values_request.request_id
            for number, message in request.publish_values_request.data_points.items():
                try:
                    signal = self._signal(types_pb2.SignalID(id=number))
                    self._store.write({signal: self._accept(signal, message.value)})
                except Refused as refused:
                    answer.status[number].code = types_pb2.ERROR_CODE_INVALID_ARGUMENT
                    answer.status[number].message = str(refused)
        elif kind != "batch_actuate_stream_response":
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, f"this stand-in does not serve {kind}")
        return response

    async def _actuate(self, requests, context) -> None:
        batches: dict[Provider, list[val_pb2.ActuateRequest]] = {}
        targets: dict[Signal, Any] = {}
        for request in requests:
            signal = await self._or_abort(context, self._signal, request.signal_id)
            targets[signal] = await self._or_abort(context, self._accept, signal, request.value)
            provider = self._providers.get(signal)
            if signal.kind != "actuator":
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{signal.path} is not an actuator")
            if provider is None:
                await context.abort(grpc.StatusCode.UNAVAILABLE, f"Provider for {signal.path} does not exist")
            batches.setdefault(provider, []).append(
                val_pb2.ActuateRequest(signal_id=types_pb2.SignalID(id=signal.id), value=request.value)
            )
        self._store.write(targets, "target")
        for provider, batch in batches.items():
            response = val_pb2.OpenProviderStreamResponse()
            response.batch_actuate_stream_request.actuate_requests.extend(batch)
            provider.responses.put_nowait(response)

    async def _entries(self, signals: list[Signal]) -> AsyncIterator[Mapping[Signal, types_pb2.Datapoint]]:
        with self._store.subscribe({"current": signals}) as subscription:
            known = self._store.snapshot(signals)
            yield {signal: datapoint(signal, known.get(signal)) for signal in signals}
            async for _side, changes in subscription:
                yield self._messages(changes)

    @staticmethod
    def _messages(changes: Changes) -> Mapping[Signal, types_pb2.Datapoint]:
        return {signal: datapoint(signal, reading) for signal, reading in changes.items()}

    def _signal(self, wanted: types_pb2.SignalID) -> Signal:
        kind = wanted.WhichOneof("signal")
        if kind is None:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "No signal named")
        catalog = self._store.catalog
        signal = catalog.by_path(wanted.path) if kind == "path" else catalog.by_id(wanted.id)
        if signal is None:
            raise Refused(grpc.StatusCode.NOT_FOUND, f"Signal {getattr(wanted, kind)} not found")
        return signal

    @staticmethod
    def _accept(signal: Signal, message: types_pb2.Value) -> Any:
        data = taken(message)
        if data is None:
            return None
        try:
            return signal.accept(data)
        except (InvalidType, OutOfBounds) as error:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from error

    @staticmethod
    async def _or_abort(context, work, *arguments):
        try:
            return work(*arguments)
        except Refused as refused:
            await context.abort(refused.code, str(refused))


class Provider:
    """The stream of one provider. None in its queue ends it."""

    def __init__(self) -> None:
        self.responses: asyncio.Queue[val_pb2.OpenProviderStreamResponse | None] = asyncio.Queue()
