"""One channel per service, made inside the running loop, and one callable per RPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor

from chassis.client import OPTIONS
from gateway.config import Settings

SERVICES = ("customers", "catalog", "orders", "library", "notifications")
# A service that restarts costs its callers this pause at most, then they are told that it is away.
RECONNECT_SECONDS = 3.0
_RETRY = {
    "maxAttempts": 3,
    "initialBackoff": "0.05s",
    "maxBackoff": "0.5s",
    "backoffMultiplier": 3,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def owner_of(method: MethodDescriptor) -> str:
    """`orders` of commis.orders.v1.OrderService/PlaceOrder."""
    return str(method.containing_service.full_name.split(".")[1])


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


class Clients:
    """`retried` are the RPCs that are safe to repeat: reads, and what always has a request_id (AIP-194)."""

    def __init__(
        self, settings: Settings, methods: Iterable[MethodDescriptor], retried: Iterable[MethodDescriptor]
    ) -> None:
        self._settings = settings
        self._methods = {path_of(method): method for method in methods}
        self._config = _service_config(retried)
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._calls: dict[str, Any] = {}

    def open(self) -> None:
        self._channels = {service: self._channel(service) for service in SERVICES}
        for channel in self._channels.values():
            channel.get_state(try_to_connect=True)
        self._calls = {path: self._call(path, method) for path, method in self._methods.items()}

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close(None)

    def __getitem__(self, path: str) -> Any:
        """The callable of an RPC by `path_of`."""
        return self._calls[path]

    async def connected(self, service: str) -> None:
        """Wait for a connection that is being made; returns without one after RECONNECT_SECONDS."""
        channel = self._channels[service]
        state = channel.get_state(try_to_connect=True)
        if state is grpc.ChannelConnectivity.READY:
            return
        try:
            async with asyncio.timeout(RECONNECT_SECONDS):
                while state is not grpc.ChannelConnectivity.READY:
                    await channel.wait_for_state_change(state)
                    state = channel.get_state(try_to_connect=True)
        except TimeoutError:
            return

    def states(self) -> dict[str, str]:
        """Connection state by service: idle, connecting, ready, transient_failure, shutdown."""
        return {name: channel.get_state().name.lower() for name, channel in self._channels.items()}

    def _channel(self, service: str) -> grpc.aio.Channel:
        options = [item for item in OPTIONS if item[0] != "grpc.service_config"]
        options.append(("grpc.service_config", self._config))
        target = self._settings.target(service)
        if not self._settings.tls:
            return grpc.aio.insecure_channel(target, options=options)
        files = (self._settings.tls_ca, self._settings.tls_key, self._settings.tls_cert)
        credentials = grpc.ssl_channel_credentials(*(Path(name).read_bytes() for name in files))
        return grpc.aio.secure_channel(target, credentials, options=options)

    def _call(self, path: str, method: MethodDescriptor) -> Any:
        channel = self._channels[owner_of(method)]
        kind: Any = channel.stream_unary if method.client_streaming else channel.unary_unary
        if method.server_streaming:
            kind = channel.unary_stream
        return kind(
            path,
            request_serializer=message_factory.GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )


def _service_config(retried: Iterable[MethodDescriptor]) -> str:
    names = [{"service": method.containing_service.full_name, "method": method.name} for method in retried]
    return json.dumps(
        {
            "loadBalancingConfig": [{"round_robin": {}}],
            "methodConfig": [{"name": names, "retryPolicy": _RETRY}] if names else [],
            "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.2},
        }
    )
