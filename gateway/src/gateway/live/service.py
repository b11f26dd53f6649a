"""The live feeds of one gateway process: begins and ends with it, opens a feed for whoever may have it."""

from __future__ import annotations

import asyncio
from uuid import UUID

from chassis.logs import log
from chassis.tokens import Verifier
from gateway.clients import Clients
from gateway.config import Settings
from gateway.exchange import Exchange
from gateway.headers import canonical_uuid
from gateway.live.broker import Broker, account_topic, sheet_topic
from gateway.live.entering import Entrance, check_origin, read_query
from gateway.live.feeds import AccountFeed, Feed, SheetFeed
from gateway.live.hub import Hub, Limits
from gateway.live.line import Line
from gateway.live.messages import Message
from gateway.live.names import Names
from gateway.problems import Problem

_NOBODY = UUID(int=0)


class Live:
    def __init__(self, settings: Settings, clients: Clients, tokens: Verifier) -> None:
        self._origins = settings.cors_origins
        limits = Limits(settings.feeds_per_caller, settings.feeds, settings.feed_check_seconds)
        self.hub = Hub(limits)
        self.broker = Broker(settings, self.hub)
        self._clients = clients
        self._names = Names()
        self._entrance = Entrance(clients, tokens)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self.hub.run())]

    async def stop(self) -> None:
        self.hub.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _hear(self) -> None:
        while True:
            try:
                await self.broker.run()
            except Exception as error:
                log.warning("feeds interrupted", error=repr(error))
            await asyncio.sleep(1)

    async def open(
        self, exchange: Exchange, query: bytes, order_id: str | None
    ) -> tuple[Feed, list[Message]]:
        """A feed of that shared order, or without one of the caller's account, and how it begins. The caller closes it.
        Raises Problem."""
        ticket, after = read_query(exchange, query)
        if order_id is not None and (order_id := canonical_uuid(order_id)) is None:
            raise Problem(404, "SHARED_ORDER_NOT_FOUND", "There is no such shared order.")
        if not self.broker.ready:
            detail = "Live feeds are not available now; try again."
            raise Problem(503, "FEEDS_UNAVAILABLE", detail, headers={"Retry-After": "1"})
        caller, ask = await self._entrance.caller(exchange, ticket)
        feed: Feed
        if order_id is not None:
            line = Line(caller, sheet_topic(order_id))
            feed = SheetFeed(line, ask, self.broker.presence, self._names, order_id)
        else:
            line = Line(caller, account_topic(caller.account_id or _NOBODY))
            feed = AccountFeed(line, ask)
        self.hub.join(line)  # first, so that nothing falls between the beginning and what follows
        try:
            await self._clients.connected("notifications" if order_id is None else "orders")
            return feed, await feed.open(after)
        except BaseException:
            self.close(feed)
            raise

    def check_origin(self, exchange: Exchange) -> None:
        """Raises Problem 403."""
        check_origin(exchange, self._origins)

    def close(self, feed: Feed) -> None:
        feed.leave()
        self.hub.leave(feed.line)
