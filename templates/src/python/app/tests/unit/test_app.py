"""What the app publishes and answers; MQTT is recorded, the databroker's replies are the SDK's own messages."""

import json
import unittest
from unittest import mock

import grpc
from velocitas_sdk.proto.broker_pb2 import GetDatapointsReply, SubscribeReply
from velocitas_sdk.proto.types_pb2 import Datapoint
from velocitas_sdk.vdb.reply import DataPointReply

from vehicle import vehicle
from vehicleapp import NAME
from vehicleapp.app import CURRENT_SPEED_TOPIC, GET_SPEED_RESPONSE_TOPIC, SpeedApp

NO_VALUE = Datapoint(failure_value=Datapoint.Failure.NOT_AVAILABLE)


def reply(datapoint: Datapoint) -> DataPointReply:
    return DataPointReply(SubscribeReply(fields={"Vehicle.Speed": datapoint}))


class SpeedAppTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        with mock.patch("velocitas_sdk.vehicle_app.VehicleDataBrokerClient"):
            self.app = SpeedApp(vehicle)
        self.app.publish_event = mock.AsyncMock()

    def published(self) -> list[tuple[str, dict]]:
        return [(call.args[0], json.loads(call.args[1])) for call in self.app.publish_event.await_args_list]

    def databroker_answers(self, **behaviour) -> None:
        patch = mock.patch.object(vehicle.Speed, "get_client")
        self.addCleanup(patch.stop)
        patch.start().return_value.GetDatapoints = mock.AsyncMock(**behaviour)

    async def test_publishes_each_speed(self) -> None:
        await self.app.on_speed_changed(reply(Datapoint(float_value=0)))
        await self.app.on_speed_changed(reply(Datapoint(float_value=12.3)))
        self.assertEqual(
            self.published(), [(CURRENT_SPEED_TOPIC, {"speed": 0.0}), (CURRENT_SPEED_TOPIC, {"speed": 12.3})]
        )

    async def test_publishes_nothing_while_there_is_no_value(self) -> None:
        await self.app.on_speed_changed(reply(NO_VALUE))
        self.assertEqual(self.published(), [])

    async def test_answers_a_request_with_its_id(self) -> None:
        self.databroker_answers(
            return_value=GetDatapointsReply(datapoints={"Vehicle.Speed": Datapoint(float_value=42)})
        )
        await self.app.on_speed_changed(reply(Datapoint(float_value=42)))
        await self.app.on_get_speed('{"requestId": 7}')
        expected = {"requestId": 7, "result": {"status": 0, "speed": 42.0}}
        self.assertEqual(self.published()[-1], (GET_SPEED_RESPONSE_TOPIC, expected))

    async def test_says_that_no_speed_is_known(self) -> None:
        await self.app.on_get_speed('{"requestId": 7}')
        topic, response = self.published()[0]
        self.assertEqual(topic, GET_SPEED_RESPONSE_TOPIC)
        self.assertEqual(response["requestId"], 7)
        self.assertEqual(response["result"]["status"], 1)

    async def test_says_that_the_databroker_is_lost(self) -> None:
        lost = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "gone")
        self.databroker_answers(side_effect=lost)
        await self.app.on_speed_changed(reply(Datapoint(float_value=42)))
        with self.assertLogs("velocitas_sdk.model"):
            await self.app.on_get_speed('{"requestId": 7}')
        result = self.published()[-1][1]["result"]
        self.assertEqual(result["status"], 1)
        self.assertIn("gone", result["message"])

    async def test_survives_what_is_not_a_request(self) -> None:
        for request in ("", "{", "[]", "42", '{"id": 1}'):
            with self.subTest(request), self.assertLogs(NAME, "WARNING"):
                await self.app.on_get_speed(request)
                self.assertEqual(self.published()[-1][1]["result"]["status"], 1)


if __name__ == "__main__":
    unittest.main()
