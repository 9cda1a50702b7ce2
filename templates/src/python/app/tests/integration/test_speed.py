"""From the databroker through the app to MQTT. The app and its services run already.

The services are where the app has them: SDV_VEHICLEDATABROKER_ADDRESS and SDV_MQTT_ADDRESS, as in the cluster. Without
them they are on localhost, where the local runtime publishes the ports VDB_PORT and MQTT_PORT.
"""

import json
import os
import queue
import random
import unittest
import uuid
from urllib.parse import urlsplit

import grpc
import paho.mqtt.client as mqtt
from velocitas_sdk.proto.broker_pb2 import GetMetadataRequest
from velocitas_sdk.proto.broker_pb2_grpc import BrokerStub
from velocitas_sdk.proto.collector_pb2 import UpdateDatapointsRequest
from velocitas_sdk.proto.collector_pb2_grpc import CollectorStub
from velocitas_sdk.proto.types_pb2 import Datapoint

CURRENT_SPEED_TOPIC = "${templateOption:appName}/currentSpeed"
GET_SPEED_TOPIC = "${templateOption:appName}/getSpeed"
GET_SPEED_RESPONSE_TOPIC = "${templateOption:appName}/getSpeed/response"
TIMEOUT_S = 30


def address_of(service: str, port_variable: str, default_port: str) -> tuple[str, int]:
    """Host and port of a service."""
    local = f"//localhost:{os.environ.get(port_variable, default_port)}"
    url = urlsplit(os.environ.get(f"SDV_{service}_ADDRESS", local))
    return url.hostname, url.port


class SpeedTest(unittest.TestCase):
    def setUp(self) -> None:
        host, port = address_of("VEHICLEDATABROKER", "VDB_PORT", "30555")
        self.channel = grpc.insecure_channel(f"{host}:{port}")
        self.addCleanup(self.channel.close)
        grpc.channel_ready_future(self.channel).result(TIMEOUT_S)

        self.messages: queue.Queue[tuple[str, dict]] = queue.Queue()
        subscribed: queue.Queue[bool] = queue.Queue()
        self.mqtt = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.mqtt.on_message = lambda _client, _data, message: self.messages.put(
            (message.topic, json.loads(message.payload))
        )
        self.mqtt.on_subscribe = lambda *_: subscribed.put(True)
        self.mqtt.connect(*address_of("MQTT", "MQTT_PORT", "31883"))
        self.mqtt.subscribe([(CURRENT_SPEED_TOPIC, 0), (GET_SPEED_RESPONSE_TOPIC, 0)])
        self.mqtt.loop_start()
        self.addCleanup(self.mqtt.loop_stop)
        self.addCleanup(self.mqtt.disconnect)
        subscribed.get(timeout=TIMEOUT_S)

    def set_speed(self, speed: float) -> None:
        metadata = BrokerStub(self.channel).GetMetadata(GetMetadataRequest(names=["Vehicle.Speed"]))
        datapoints = {metadata.list[0].id: Datapoint(float_value=speed)}
        reply = CollectorStub(self.channel).UpdateDatapoints(UpdateDatapointsRequest(datapoints=datapoints))
        self.assertEqual(dict(reply.errors), {})

    def await_message(self, topic: str, accept) -> dict:
        while True:
            received_topic, message = self.messages.get(timeout=TIMEOUT_S)
            if received_topic == topic and accept(message):
                return message

    def test_a_new_speed_is_published(self) -> None:
        speed = round(random.uniform(1, 200), 1)
        self.set_speed(speed)
        self.await_message(CURRENT_SPEED_TOPIC, lambda message: message["speed"] == speed)

    def test_a_request_is_answered_with_the_speed(self) -> None:
        speed = round(random.uniform(1, 200), 1)
        self.set_speed(speed)
        self.await_message(CURRENT_SPEED_TOPIC, lambda message: message["speed"] == speed)
        request_id = uuid.uuid4().hex
        self.mqtt.publish(GET_SPEED_TOPIC, json.dumps({"requestId": request_id}))
        response = self.await_message(GET_SPEED_RESPONSE_TOPIC, lambda message: message["requestId"] == request_id)
        self.assertEqual(response["result"], {"status": 0, "speed": speed})


if __name__ == "__main__":
    unittest.main()
