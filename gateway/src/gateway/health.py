"""/livez touches nothing; /readyz says whether this process should get traffic, and how it sees services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.clients import Clients
from gateway.endpoint import JSON, reply
from gateway.exchange import Scope


class Lifecycle:
    """`ready` between the end of start-up and the first signal to stop."""

    def __init__(self) -> None:
        self.ready = False
        # What has to be told when no more connections are taken: that of live feeds would never end by itself.
        self.on_stop: list[Callable[[], None]] = []

    def stop(self) -> None:
        for told in self.on_stop:
            told()


class Live:
    name = "livez"

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        await reply(send, 200, [(b"content-type", JSON)], b'{"status":"alive"}')


class Ready:
    """A service that is away does not make the gateway unready: taking out all gateways would turn one
    failing service into a failure of everything. The states are reported for people and dashboards."""

    name = "readyz"

    def __init__(
        self, lifecycle: Lifecycle, clients: Clients, feeds_ready: Callable[[], bool] = lambda: True
    ) -> None:
        self._lifecycle = lifecycle
        self._clients = clients
        self._feeds_ready = feeds_ready

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        ready = self._lifecycle.ready
        body = {
            "status": "ready" if ready else "not ready",
            "services": self._clients.states(),
            "feeds": "ready" if self._feeds_ready() else "away",
        }
        await reply(send, 200 if ready else 503, [(b"content-type", JSON)], orjson.dumps(body))


class Metrics:
    name = "metrics"

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        await reply(send, 200, [(b"content-type", CONTENT_TYPE_LATEST.encode())], generate_latest())
