"""The app itself: what it subscribes to, publishes and answers."""

import asyncio
import json
import logging
from typing import Any

import grpc
from velocitas_sdk.vdb.reply import DataPointReply
from velocitas_sdk.vehicle_app import VehicleApp, subscribe_topic

from vehicle import Vehicle
from vehicleapp import NAME

logger = logging.getLogger(NAME)

CURRENT_SPEED_TOPIC = f"{NAME}/currentSpeed"
GET_SPEED_REQUEST_TOPIC = f"{NAME}/getSpeed"
GET_SPEED_RESPONSE_TOPIC = f"{NAME}/getSpeed/response"


class SpeedApp(VehicleApp):
    """Publishes every change of `Vehicle.Speed` on MQTT, and tells the current speed to whoever asks."""

    def __init__(self, vehicle: Vehicle):
        super().__init__()
        self.vehicle = vehicle
        self.ready = asyncio.Event()
        """Set as soon as the app is subscribed to everything it needs."""
        self._speed_known = False

    async def on_start(self) -> None:
        await self.vehicle.Speed.subscribe(self.on_speed_changed)
        self.ready.set()
        logger.info("ready: publishing Vehicle.Speed on %s", CURRENT_SPEED_TOPIC)

    async def on_speed_changed(self, data: DataPointReply) -> None:
        """Called by the SDK with the current speed at first, and then with every change."""
        if _is_missing(data, self.vehicle.Speed.get_path()):
            logger.info("Vehicle.Speed has no value yet")
            return
        self._speed_known = True
        speed = _readable(data.get(self.vehicle.Speed).value)
        await self.publish_event(CURRENT_SPEED_TOPIC, json.dumps({"speed": speed}))
        logger.info("published speed %s km/h", speed)

    @subscribe_topic(GET_SPEED_REQUEST_TOPIC)
    async def on_get_speed(self, request: str) -> None:
        """Answers `{"requestId": …}` with the same id and `result`: `status` 0 and `speed`, or 1 and `message`."""
        try:
            request_id = json.loads(request)["requestId"]
        except (ValueError, TypeError, KeyError):
            logger.warning("not a request, it needs a requestId: %s", request)
            await self._respond(None, {"status": 1, "message": 'The request must be {"requestId": …}.'})
            return
        await self._respond(request_id, await self._current_speed())

    async def _current_speed(self) -> dict[str, Any]:
        if not self._speed_known:
            return {"status": 1, "message": "Vehicle.Speed has no value yet."}
        try:
            speed = (await self.vehicle.Speed.get()).value
        except grpc.aio.AioRpcError as error:
            return {"status": 1, "message": f"The databroker did not answer: {error.details()}"}
        return {"status": 0, "speed": _readable(speed)}

    async def _respond(self, request_id: Any, result: dict[str, Any]) -> None:
        response = {"requestId": request_id, "result": result}
        await self.publish_event(GET_SPEED_RESPONSE_TOPIC, json.dumps(response))
        logger.info("answered request %s: %s", request_id, result)


def _is_missing(data: DataPointReply, path: str) -> bool:
    """Without this check a data point that no sensor has set yet would read as 0."""
    return data.reply.fields[path].WhichOneof("value") in (None, "failure_value")


def _readable(speed: float) -> float:
    """The databroker stores 32-bit floats, in which 12.3 reads as 12.300000190734863."""
    return round(speed, 3)
