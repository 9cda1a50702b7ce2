"""The APIs over a real connection, by the same stubs and clients that apps use."""

import asyncio
import os
import signal
import sys
import unittest

import grpc
from kuksa.val.v1 import types_pb2 as v1_types
from kuksa.val.v1 import val_pb2 as v1
from kuksa.val.v1 import val_pb2_grpc as v1_grpc
from kuksa.val.v2 import types_pb2 as v2_types
from kuksa.val.v2 import val_pb2 as v2
from kuksa.val.v2 import val_pb2_grpc as v2_grpc
from velocitas_sdk.proto import broker_pb2, broker_pb2_grpc, collector_pb2, collector_pb2_grpc, types_pb2

from databroker.__main__ import load_catalog
from databroker.server import Server
from databroker.store import Store

SPEED = "Vehicle.Speed"
SEAT = "Vehicle.Cabin.Seat.Row1.DriverSide.Position"


class ServerTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.store = Store(load_catalog(""))
        server = Server(self.store, "127.0.0.1:0")
        await server.start()
        self.addAsyncCleanup(server.stop)
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{server.port}")
        self.addAsyncCleanup(channel.close)
        self.broker = broker_pb2_grpc.BrokerStub(channel)
        self.collector = collector_pb2_grpc.CollectorStub(channel)
        self.v1 = v1_grpc.VALStub(channel)
        self.v2 = v2_grpc.VALStub(channel)

    async def set_speed(self, value: float):
        datapoints = {SPEED: types_pb2.Datapoint(float_value=value)}
        return await self.broker.SetDatapoints(broker_pb2.SetDatapointsRequest(datapoints=datapoints))

    async def fails_with(self, code: grpc.StatusCode, call):
        with self.assertRaises(grpc.aio.AioRpcError) as caught:
            await call
        self.assertEqual(caught.exception.code(), code)

    def subscribe(self, query: str):
        call = self.broker.Subscribe(broker_pb2.SubscribeRequest(query=query))
        self.addCleanup(call.cancel)
        return call


class SdvTest(ServerTest):
    async def test_what_was_never_set_is_not_available(self):
        reply = await self.broker.GetDatapoints(broker_pb2.GetDatapointsRequest(datapoints=[SPEED, "Vehicle.No"]))
        self.assertEqual(reply.datapoints[SPEED].failure_value, types_pb2.Datapoint.NOT_AVAILABLE)
        self.assertEqual(reply.datapoints["Vehicle.No"].failure_value, types_pb2.Datapoint.UNKNOWN_DATAPOINT)

    async def test_set_and_get(self):
        await self.set_speed(42.5)
        reply = await self.broker.GetDatapoints(broker_pb2.GetDatapointsRequest(datapoints=[SPEED]))
        self.assertEqual(reply.datapoints[SPEED].float_value, 42.5)
        self.assertGreater(reply.datapoints[SPEED].timestamp.seconds, 0)

    async def test_errors_of_set_name_their_datapoint(self):
        datapoints = {
            "Vehicle.No": types_pb2.Datapoint(float_value=1),
            SPEED: types_pb2.Datapoint(string_value="fast"),
            SEAT: types_pb2.Datapoint(uint32_value=70000),
        }
        reply = await self.broker.SetDatapoints(broker_pb2.SetDatapointsRequest(datapoints=datapoints))
        self.assertEqual(
            dict(reply.errors),
            {
                "Vehicle.No": types_pb2.UNKNOWN_DATAPOINT,
                SPEED: types_pb2.INVALID_TYPE,
                SEAT: types_pb2.OUT_OF_BOUNDS,
            },
        )

    async def test_an_actuator_gets_a_target(self):
        datapoints = {SEAT: types_pb2.Datapoint(uint32_value=300)}
        await self.broker.SetDatapoints(broker_pb2.SetDatapointsRequest(datapoints=datapoints))
        seat = self.store.catalog.by_path(SEAT)
        self.assertEqual(self.store.read(seat, "target").data, 300)
        self.assertIsNone(self.store.read(seat))

    async def test_subscribers_get_the_state_and_then_each_change(self):
        call = self.subscribe(f"SELECT {SPEED}")
        first = await call.read()
        self.assertEqual(first.fields[SPEED].failure_value, types_pb2.Datapoint.NOT_AVAILABLE)
        for value in (1.0, 2.0, 2.0, 3.0):
            await self.set_speed(value)
        received = [(await call.read()).fields[SPEED].float_value for _ in range(4)]
        self.assertEqual(received, [1.0, 2.0, 2.0, 3.0])

    async def test_conditions(self):
        call = self.subscribe(f"SELECT {SPEED} WHERE {SPEED} > 10")
        for value in (5.0, 20.0, 7.0, 30.0):
            await self.set_speed(value)
        received = [(await call.read()).fields[SPEED].float_value for _ in range(2)]
        self.assertEqual(received, [20.0, 30.0])

    async def test_bad_queries(self):
        for query in ("SELECT Vehicle.No", "SELEKT Vehicle.Speed"):
            await self.fails_with(grpc.StatusCode.INVALID_ARGUMENT, self.subscribe(query).read())

    async def test_metadata(self):
        reply = await self.broker.GetMetadata(broker_pb2.GetMetadataRequest(names=[SPEED, "Vehicle.No"]))
        self.assertEqual([(item.name, item.data_type) for item in reply.list], [(SPEED, types_pb2.FLOAT)])
        everything = await self.broker.GetMetadata(broker_pb2.GetMetadataRequest())
        self.assertEqual(len(everything.list), len(self.store.catalog))

    async def test_a_feeder_registers_and_reports(self):
        registration = collector_pb2.RegistrationMetadata(name="Vehicle.New", data_type=types_pb2.STRING_ARRAY)
        request = collector_pb2.RegisterDatapointsRequest(list=[registration])
        number = (await self.collector.RegisterDatapoints(request)).results["Vehicle.New"]
        value = types_pb2.Datapoint(string_array=types_pb2.StringArray(values=["a", "b"]))
        update = collector_pb2.UpdateDatapointsRequest(datapoints={number: value, 99999: value})
        reply = await self.collector.UpdateDatapoints(update)
        self.assertEqual(dict(reply.errors), {99999: types_pb2.UNKNOWN_DATAPOINT})
        got = await self.broker.GetDatapoints(broker_pb2.GetDatapointsRequest(datapoints=["Vehicle.New"]))
        self.assertEqual(list(got.datapoints["Vehicle.New"].string_array.values), ["a", "b"])


class KuksaV1Test(ServerTest):
    def update(self, path: str, field: int = v1_types.FIELD_VALUE, **value):
        place = "value" if field == v1_types.FIELD_VALUE else "actuator_target"
        entry = v1_types.DataEntry(path=path, **{place: v1_types.Datapoint(**value)})
        return self.v1.Set(v1.SetRequest(updates=[v1.EntryUpdate(entry=entry, fields=[field])]))

    async def test_set_and_get(self):
        response = await self.update(SPEED, float=12.5)
        self.assertEqual(len(response.errors), 0)
        got = await self.v1.Get(v1.GetRequest(entries=[v1.EntryRequest(path=SPEED, view=v1_types.VIEW_ALL)]))
        self.assertEqual(got.entries[0].value.float, 12.5)
        self.assertEqual(got.entries[0].metadata.data_type, v1_types.DATA_TYPE_FLOAT)

    async def test_errors(self):
        for call in (self.update("Vehicle.No", float=1), self.update(SPEED, string="x")):
            self.assertEqual(len((await call).errors), 1)
        target_of_sensor = await self.update(SPEED, v1_types.FIELD_ACTUATOR_TARGET, float=1)
        self.assertEqual(target_of_sensor.errors[0].error.code, 400)
        unknown = await self.v1.Get(v1.GetRequest(entries=[v1.EntryRequest(path="Vehicle.No")]))
        self.assertEqual(unknown.error.code, 404)

    async def test_subscription_to_value_and_target(self):
        entry = v1.SubscribeEntry(path=SEAT, fields=[v1_types.FIELD_VALUE, v1_types.FIELD_ACTUATOR_TARGET])
        call = self.v1.Subscribe(v1.SubscribeRequest(entries=[entry]))
        self.addCleanup(call.cancel)
        self.assertEqual((await call.read()).updates[0].entry.path, SEAT)
        await self.update(SEAT, v1_types.FIELD_ACTUATOR_TARGET, uint32=5)
        await self.update(SEAT, uint32=4)
        target, current = (await call.read()).updates[0], (await call.read()).updates[0]
        self.assertEqual(target.entry.actuator_target.uint32, 5)
        self.assertEqual(list(target.fields), [v1_types.FIELD_ACTUATOR_TARGET])
        self.assertEqual(current.entry.value.uint32, 4)

    async def test_unknown_path_of_a_subscription(self):
        entry = v1.SubscribeEntry(path="Vehicle.No", fields=[v1_types.FIELD_VALUE])
        await self.fails_with(grpc.StatusCode.NOT_FOUND, self.v1.Subscribe(v1.SubscribeRequest(entries=[entry])).read())

    async def test_metadata_of_a_branch(self):
        entry = v1.EntryRequest(path="Vehicle", view=v1_types.VIEW_METADATA)
        got = await self.v1.Get(v1.GetRequest(entries=[entry]))
        self.assertEqual(len(got.entries), len(self.store.catalog))


class KuksaV2Test(ServerTest):
    def publish(self, path: str, **value):
        data_point = v2_types.Datapoint(value=v2_types.Value(**value))
        return self.v2.PublishValue(
            v2.PublishValueRequest(signal_id=v2_types.SignalID(path=path), data_point=data_point)
        )

    async def test_publish_get_and_subscribe(self):
        call = self.v2.Subscribe(v2.SubscribeRequest(signal_paths=[SPEED]))
        self.addCleanup(call.cancel)
        self.assertFalse((await call.read()).entries[SPEED].HasField("value"))
        await self.publish(SPEED, float=7.0)
        self.assertEqual((await call.read()).entries[SPEED].value.float, 7.0)
        got = await self.v2.GetValue(v2.GetValueRequest(signal_id=v2_types.SignalID(path=SPEED)))
        self.assertEqual(got.data_point.value.float, 7.0)

    async def test_errors(self):
        await self.fails_with(grpc.StatusCode.NOT_FOUND, self.publish("Vehicle.No", float=1))
        await self.fails_with(grpc.StatusCode.INVALID_ARGUMENT, self.publish(SPEED, string="x"))
        unnamed = self.v2.GetValue(v2.GetValueRequest())
        await self.fails_with(grpc.StatusCode.INVALID_ARGUMENT, unnamed)
        unknown = self.v2.Subscribe(v2.SubscribeRequest(signal_paths=["Vehicle.No"]))
        await self.fails_with(grpc.StatusCode.NOT_FOUND, unknown.read())

    def actuate(self, value: int):
        return self.v2.Actuate(
            v2.ActuateRequest(signal_id=v2_types.SignalID(path=SEAT), value=v2_types.Value(uint32=value))
        )

    async def test_actuation_reaches_the_provider(self):
        await self.fails_with(grpc.StatusCode.UNAVAILABLE, self.actuate(1))
        stream = self.v2.OpenProviderStream()
        self.addCleanup(stream.cancel)
        provide = v2.ProvideActuationRequest(actuator_identifiers=[v2_types.SignalID(path=SEAT)])
        await stream.write(v2.OpenProviderStreamRequest(provide_actuation_request=provide))
        self.assertTrue((await stream.read()).HasField("provide_actuation_response"))
        await self.actuate(250)
        batch = (await stream.read()).batch_actuate_stream_request.actuate_requests
        self.assertEqual(batch[0].value.uint32, 250)
        number = batch[0].signal_id.id
        done = v2.PublishValuesRequest(
            request_id=3, data_points={number: v2_types.Datapoint(value=v2_types.Value(uint32=250))}
        )
        await stream.write(v2.OpenProviderStreamRequest(publish_values_request=done))
        self.assertEqual((await stream.read()).publish_values_response.request_id, 3)
        got = await self.v2.GetValue(v2.GetValueRequest(signal_id=v2_types.SignalID(id=number)))
        self.assertEqual(got.data_point.value.uint32, 250)

    async def test_an_unknown_actuator_ends_the_stream(self):
        stream = self.v2.OpenProviderStream()
        provide = v2.ProvideActuationRequest(actuator_identifiers=[v2_types.SignalID(path="Vehicle.No")])
        await stream.write(v2.OpenProviderStreamRequest(provide_actuation_request=provide))
        await self.fails_with(grpc.StatusCode.NOT_FOUND, stream.read())

    async def test_metadata(self):
        listed = await self.v2.ListMetadata(v2.ListMetadataRequest(root=SPEED))
        self.assertEqual([item.path for item in listed.metadata], [SPEED])


class ProcessTest(unittest.IsolatedAsyncioTestCase):
    async def test_it_ends_on_sigterm_although_a_subscriber_is_there(self):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "databroker", "--address", "127.0.0.1", "--port", "0",
            stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        line = (await process.stdout.readline()).decode()
        port = line.rsplit(":", 1)[1].strip()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = broker_pb2_grpc.BrokerStub(channel).Subscribe(broker_pb2.SubscribeRequest(query=f"SELECT {SPEED}"))
            await call.read()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(await process.wait(), 0)
            await process.stdout.read()
