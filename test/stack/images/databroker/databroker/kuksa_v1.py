"""kuksa.val.v1: what kuksa-client speaks by default."""

from collections.abc import AsyncIterator, Iterable

import grpc
from kuksa.val.v1 import types_pb2, val_pb2, val_pb2_grpc

from . import NAME, VERSION, wire
from .catalog import DATA_TYPES, INTEGER_RANGES, InvalidType, OutOfBounds, Signal
from .store import Changes, Reading, Side, Store

TYPE_NUMBERS = {name: types_pb2.DataType.Value(f"DATA_TYPE_{wire.enum_name(name, 'BOOLEAN')}") for name in DATA_TYPES}
KIND_NUMBERS = {
    "attribute": types_pb2.ENTRY_TYPE_ATTRIBUTE,
    "sensor": types_pb2.ENTRY_TYPE_SENSOR,
    "actuator": types_pb2.ENTRY_TYPE_ACTUATOR,
}
FIELDS_OF_VIEW = {
    types_pb2.VIEW_UNSPECIFIED: {types_pb2.FIELD_VALUE},
    types_pb2.VIEW_CURRENT_VALUE: {types_pb2.FIELD_VALUE},
    types_pb2.VIEW_TARGET_VALUE: {types_pb2.FIELD_ACTUATOR_TARGET},
    types_pb2.VIEW_METADATA: {types_pb2.FIELD_METADATA},
    types_pb2.VIEW_ALL: {types_pb2.FIELD_VALUE, types_pb2.FIELD_ACTUATOR_TARGET, types_pb2.FIELD_METADATA},
    types_pb2.VIEW_FIELDS: set(),
}
METADATA_FIELDS = {
    number for name, number in types_pb2.Field.items() if name.startswith("FIELD_METADATA")
}
SIDES: tuple[tuple[int, Side], ...] = (
    (types_pb2.FIELD_VALUE, "current"),
    (types_pb2.FIELD_ACTUATOR_TARGET, "target"),
)


def datapoint(signal: Signal, reading: Reading) -> types_pb2.Datapoint:
    message = types_pb2.Datapoint(timestamp=wire.timestamp(reading))
    if reading.data is not None:
        wire.put(message, signal, reading.data)
    return message


def metadata(signal: Signal) -> types_pb2.Metadata:
    message = types_pb2.Metadata(
        data_type=TYPE_NUMBERS[signal.data_type],
        entry_type=KIND_NUMBERS[signal.kind],
        description=signal.description,
    )
    if signal.unit:
        message.unit = signal.unit
    getattr(message, signal.kind).SetInParent()
    restriction = _restriction(signal, message.value_restriction)
    if signal.allowed:
        restriction.allowed_values.extend(signal.allowed)
    if signal.minimum is not None:
        restriction.min = signal.minimum
    if signal.maximum is not None:
        restriction.max = signal.maximum
    if not restriction.ByteSize():
        message.ClearField("value_restriction")
    return message


def _restriction(signal: Signal, message: types_pb2.ValueRestriction):
    if signal.scalar_type in INTEGER_RANGES:
        return message.unsigned if signal.scalar_type.startswith("u") else message.signed
    return message.string if signal.scalar_type in ("string", "boolean") else message.floating_point


def problem(path: str, code: int, reason: str, text: str) -> types_pb2.DataEntryError:
    return types_pb2.DataEntryError(path=path, error=types_pb2.Error(code=code, reason=reason, message=text))


def not_found(path: str) -> types_pb2.DataEntryError:
    return problem(path, 404, "not_found", f"Path {path} not found")


class Val(val_pb2_grpc.VALServicer):
    """Read, set, subscribe, by paths, branches and patterns."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def Get(self, request, context):
        response = val_pb2.GetResponse()
        for wanted in request.entries:
            signals = self._store.catalog.find(wanted.path)
            if not signals:
                response.errors.append(not_found(wanted.path))
            fields = FIELDS_OF_VIEW.get(wanted.view, set()) | set(wanted.fields)
            response.entries.extend(self._entry(signal, fields) for signal in signals)
        if response.errors:
            response.error.CopyFrom(response.errors[0].error)
        return response

    async def Set(self, request, context):
        return val_pb2.SetResponse(errors=self._set(request.updates))

    async def StreamedUpdate(self, request_iterator, context):
        async for request in request_iterator:
            yield val_pb2.StreamedUpdateResponse(errors=self._set(request.updates))

    async def Subscribe(self, request, context) -> AsyncIterator[val_pb2.SubscribeResponse]:
        fields_of: dict[Signal, set[int]] = {}
        for wanted in request.entries:
            signals = self._store.catalog.find(wanted.path)
            if not signals:
                await context.abort(grpc.StatusCode.NOT_FOUND, f"Path {wanted.path} not found")
            for signal in signals:
                fields_of.setdefault(signal, set()).update(
                    FIELDS_OF_VIEW.get(wanted.view, set()) | set(wanted.fields)
                )
        if not fields_of:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "No entries requested")
        interests = {side: [s for s, fields in fields_of.items() if field in fields] for field, side in SIDES}
        with self._store.subscribe(interests) as subscription:
            first = val_pb2.SubscribeResponse()
            for signal, fields in fields_of.items():
                first.updates.add(entry=self._entry(signal, fields), fields=sorted(fields))
            yield first
            async for side, changes in subscription:
                yield self._response(side, changes)

    async def GetServerInfo(self, request, context):
        return val_pb2.GetServerInfoResponse(name=NAME, version=VERSION)

    @staticmethod
    def _response(side: Side, changes: Changes) -> val_pb2.SubscribeResponse:
        response = val_pb2.SubscribeResponse()
        for signal, reading in changes.items():
            update = response.updates.add(fields=[field for field, its_side in SIDES if its_side == side])
            update.entry.path = signal.path
            place = update.entry.value if side == "current" else update.entry.actuator_target
            place.CopyFrom(datapoint(signal, reading))
        return response

    def _entry(self, signal: Signal, fields: set[int]) -> types_pb2.DataEntry:
        entry = types_pb2.DataEntry(path=signal.path)
        current, target = self._store.read(signal), self._store.read(signal, "target")
        if types_pb2.FIELD_VALUE in fields and current:
            entry.value.CopyFrom(datapoint(signal, current))
        if types_pb2.FIELD_ACTUATOR_TARGET in fields and target:
            entry.actuator_target.CopyFrom(datapoint(signal, target))
        if fields & METADATA_FIELDS:
            entry.metadata.CopyFrom(metadata(signal))
        return entry

    def _set(self, updates: Iterable[val_pb2.EntryUpdate]) -> list[types_pb2.DataEntryError]:
        errors: list[types_pb2.DataEntryError] = []
        for update in updates:
            signal = self._store.catalog.by_path(update.entry.path)
            if signal is None:
                errors.append(not_found(update.entry.path))
                continue
            for field, side in SIDES:
                if field not in update.fields:
                    continue
                if side == "target" and signal.kind != "actuator":
                    errors.append(problem(signal.path, 400, "bad_request", f"{signal.path} is not an actuator"))
                    continue
                message = update.entry.value if side == "current" else update.entry.actuator_target
                try:
                    self._store.write({signal: signal.accept(wire.take(message))}, side)
                except (InvalidType, OutOfBounds) as error:
                    errors.append(problem(signal.path, 400, "bad_request", str(error)))
        return errors
