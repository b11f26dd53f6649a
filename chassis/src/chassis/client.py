"""Calls to other services: one channel per target, one deadline, the caller's identity passed on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from chassis import context, status, telemetry
from chassis.errors import DeadlineExceeded
from chassis.tokens import ServiceTokens

if TYPE_CHECKING:
    from chassis.config import ServiceSettings

Response = TypeVar("Response")
DEFAULT_TIMEOUT = 5.0
_RESERVE = 0.02  # what is left to us to answer after a call used up its time

_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.2},
}
OPTIONS = [
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.max_metadata_size", 65_536),
    ("grpc.absolute_max_metadata_size", 131_072),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    ("grpc.enable_retries", 1),
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
]


def channel(target: str, settings: ServiceSettings | None = None) -> grpc.aio.Channel:
    """To be made inside the running loop, once per target; mTLS when the settings name all three files."""
    if settings is not None and settings.tls:
        credentials = grpc.ssl_channel_credentials(
            Path(settings.tls_ca).read_bytes(),
            Path(settings.tls_key).read_bytes(),
            Path(settings.tls_cert).read_bytes(),
        )
        return grpc.aio.secure_channel(target, credentials, options=OPTIONS)
    return grpc.aio.insecure_channel(target, options=OPTIONS)


def _timeout(timeout: float | None, deadline: float | None) -> float:
    wanted = DEFAULT_TIMEOUT if timeout is None else timeout
    if deadline is None:
        return wanted
    left = deadline - time.monotonic() - _RESERVE
    if left <= 0:
        raise DeadlineExceeded("No time is left to ask another service.")
    return min(left, wanted)


async def call(
    method: Any,
    request: Any,
    *,
    timeout: float | None = None,
    service: ServiceTokens | None = None,
    forward: bool = True,
) -> Any:
    """`await call(stub.GetOrder, GetOrderRequest(...), service=tokens)`.

    `forward` passes on the end user's token, `service` adds our own. Waits at most `timeout` seconds (5 by
    default) and what is left of the current request. Raises ServiceError: the remote one with its
    reason and domain.
    """
    current = context.current()
    seconds = _timeout(timeout, current.deadline)
    metadata = [("x-request-id", current.request_id)] if current.request_id else []
    if forward and current.principal is not None:
        metadata.append(("authorization", "Bearer " + current.principal.token))
    if service is not None:
        metadata.append(("x-commis-service", "Bearer " + await service.get()))
    try:
        if telemetry.enabled():
            with telemetry.span(_name(method), "client", current.traceparent) as traceparent:
                metadata.append(("traceparent", traceparent))
                return await method(request, timeout=seconds, metadata=metadata)
        if current.traceparent:
            metadata.append(("traceparent", current.traceparent))
        return await method(request, timeout=seconds, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        raise status.from_rpc_error(error, _name(method).split("/")[0]) from error


def _name(method: Any) -> str:
    """`commis.catalog.v1.StockService/ReserveStock` of a stub's method."""
    return cast(bytes, getattr(method, "_method", b"/remote")).decode().removeprefix("/")
