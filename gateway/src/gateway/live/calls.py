"""What a line asks the services, with its client's own token."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from commis.customers.v1 import sessions_pb2
from commis.notifications.v1 import feed_pb2
from commis.orders.v1 import shared_orders_pb2

from gateway import problems
from gateway.clients import Clients, path_of
from gateway.live.closing import closing_of
from gateway.problems import Problem

_TIMEOUT = 5.0
# How often and in which steps a line waits for a service that is away before it sends its client off.
_TRIES = 4
_PAUSE_SECONDS = 0.5


def _method(module: Any, service: str, name: str) -> Any:
    return module.DESCRIPTOR.services_by_name[service].methods_by_name[name]


GET_SESSION = _method(sessions_pb2, "SessionService", "GetSession")
REDEEM = _method(sessions_pb2, "SessionService", "RedeemFeedTicket")
GET_SHEET = _method(shared_orders_pb2, "SharedOrderService", "GetSharedOrder")
LIST_CHANGES = _method(shared_orders_pb2, "SharedOrderService", "ListSheetChanges")
LIST_ENTRIES = _method(feed_pb2, "FeedService", "ListFeedEntries")
METHODS = (GET_SESSION, REDEEM, GET_SHEET, LIST_CHANGES, LIST_ENTRIES)


class Calls:
    """Of one line. `metadata`: correlation, network address and token of its client; `turn`: all lines of this process
    together ask only so much at once, when all of them come back or have missed something."""

    def __init__(self, clients: Clients, metadata: list[tuple[str, str]], turn: asyncio.Semaphore) -> None:
        self._clients = clients
        self._metadata = metadata
        self._turn = turn

    async def first(self, method: Any, request: Any) -> Any:
        """Before the feed has begun. Raises Problem."""
        try:
            async with self._turn:
                call = self._clients[path_of(method)]
                return await call(request, timeout=_TIMEOUT, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise problem_of(error) from None

    async def later(self, method: Any, request: Any) -> Any:
        """While the feed runs: a service that restarts costs a pause. Raises Closing."""
        for left in reversed(range(_TRIES)):
            try:
                return await self.first(method, request)
            except Problem as problem:
                if problem.status < 500 or not left:
                    raise closing_of(problem) from None
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")


def problem_of(error: grpc.aio.AioRpcError) -> Problem:
    return problems.from_rpc_error(error, str, if_match=False, token_sent=True)
