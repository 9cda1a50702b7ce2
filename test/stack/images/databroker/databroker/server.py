"""Puts the three APIs on one port."""

import grpc
from kuksa.val.v1 import val_pb2_grpc as kuksa_v1_grpc
from kuksa.val.v2 import val_pb2_grpc as kuksa_v2_grpc
from velocitas_sdk.proto import broker_pb2_grpc, collector_pb2_grpc

from . import kuksa_v1, kuksa_v2, sdv_v1
from .store import Store


class Server:
    """A broker that serves a store until it is stopped."""

    def __init__(self, store: Store, address: str) -> None:
        """`address` is host:port; port 0 takes a free one, which `port` then tells."""
        self._server = grpc.aio.server()
        broker_pb2_grpc.add_BrokerServicer_to_server(sdv_v1.Broker(store), self._server)
        collector_pb2_grpc.add_CollectorServicer_to_server(sdv_v1.Collector(store), self._server)
        kuksa_v1_grpc.add_VALServicer_to_server(kuksa_v1.Val(store), self._server)
        kuksa_v2_grpc.add_VALServicer_to_server(kuksa_v2.Val(store), self._server)
        self.port = self._server.add_insecure_port(address)

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        """Open calls have a moment to end; streams are cut then."""
        await self._server.stop(grace=0.2)
