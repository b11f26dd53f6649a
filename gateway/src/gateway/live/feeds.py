"""The two kinds of feeds: a shared order, and what happens in an account. Both begin, resume and fill gaps alike: by
numbers, from the service that owns them, with the client's own token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from commis.notifications.v1 import feed_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.ids import new_id
from gateway.live import calls, messages
from gateway.live.calls import Calls
from gateway.live.hub import Beat, Check
from gateway.live.line import Line
from gateway.live.messages import Change, Message
from gateway.live.names import Names
from gateway.live.presence import Presence, Viewer
from gateway.problems import Problem

PAGE = 200


class Gap:
    """Something may have been missed on the way from the streams."""


class Feed(Protocol):
    line: Line

    async def open(self, after: int | None) -> list[Message]:
        """How it begins, with no more than the first page of what was missed. Raises Problem."""

    def follow(self) -> AsyncIterator[Message]:
        """What comes after that, for ever: the rest of what was missed, then what the line's queue has. Raises
        Closing."""

    def looks_at(self, line_id: str) -> None:
        """The client says where it is."""

    def leave(self) -> None: ...


def _gone(after: int) -> Problem:
    detail = f"There is no number {after} to go on from; begin anew."
    return Problem(409, "SHEET_GONE", detail)


class SheetFeed:
    """Changes come with the stream; its chain of numbers tells whether one is missing."""

    def __init__(self, line: Line, ask: Calls, presence: Presence, names: Names, order_id: str) -> None:
        self.line = line
        self._ask = ask
        self._presence = presence
        self._names = names
        self._id = order_id
        self._viewer = str(new_id())
        self._side = 0
        self._last = 0
        self._missed: pb.SharedOrder | None = None

    async def open(self, after: int | None) -> list[Message]:
        order = (
            await self._ask.first(calls.GET_SHEET, pb.GetSharedOrderRequest(order_id=self._id))
        ).shared_order
        if after is not None and after > order.revision:
            raise _gone(after)
        self._side = order.side
        if after is None:
            self._last, begun = order.revision, [messages.snapshot(order, self._viewer)]
        else:
            self._last, begun = after, [messages.resumed(after, self._viewer)]
            begun += await self._page(order, self._ask.first)
            self._missed = order
        self._presence.join(self._id, self.line, await self._who())
        return begun

    async def _who(self) -> Viewer:
        known = await self._names.of(self.line.caller, self._ask)
        return Viewer(self._viewer, messages.side_name(self._side) or "", known.kind, known.name)

    async def _log(self, order: pb.SharedOrder) -> AsyncIterator[Message]:
        """What the log has after the last number, up to this state of the sheet."""
        while page := await self._page(order, self._ask.later):
            yield page[0]
        self._last = max(self._last, order.revision)

    async def _page(self, order: pb.SharedOrder, ask: Any) -> list[Message]:
        """The next ones of the log as one message; none when there is nothing more up to this state of the sheet."""
        after = self._last
        if after >= order.revision:
            return []
        request = pb.ListSheetChangesRequest(order_id=self._id, after_sequence=after, page_size=PAGE)
        answer = await ask(calls.LIST_CHANGES, request)
        found = [change for change in answer.changes if after < change.sequence <= order.revision]
        if not found:
            return []
        self._last = found[-1].sequence
        return [messages.changes(found, order if self._last == order.revision else None)]

    async def follow(self) -> AsyncIterator[Message]:
        missed, self._missed = self._missed, None
        if missed is not None:
            async for message in self._log(missed):
                yield message
        while True:
            item = await self.line.next()
            match item:
                case Change():
                    async for message in self._changed(item):
                        yield message
                case Message():
                    yield item
                case Beat():
                    yield messages.heartbeat(self._last)
                case Check() | Gap():
                    async for message in self._fill():
                        yield message

    async def _changed(self, change: Change) -> AsyncIterator[Message]:
        if change.revision <= self._last or change.visible_to not in (pb.SIDE_UNSPECIFIED, self._side):
            return
        if change.partial or change.first != self._last + 1:
            async for message in self._fill():
                yield message
            return
        self._last = change.revision
        yield change.shown_to(self._side)

    async def _fill(self) -> AsyncIterator[Message]:
        """Asks for what came after the last number; whoever may not be here any more is told so by that."""
        request = pb.ListSheetChangesRequest(order_id=self._id, after_sequence=self._last, page_size=1)
        if not (await self._ask.later(calls.LIST_CHANGES, request)).changes:
            return
        asked = pb.GetSharedOrderRequest(order_id=self._id)
        order = (await self._ask.later(calls.GET_SHEET, asked)).shared_order
        async for message in self._log(order):
            yield message

    def looks_at(self, line_id: str) -> None:
        self._presence.move(self._id, self.line, line_id)

    def leave(self) -> None:
        self._presence.leave(self._id, self.line)


class AccountFeed:
    """The stream only says that there is something to read: who may see which entry is decided by its service."""

    def __init__(self, line: Line, ask: Calls) -> None:
        self.line = line
        self._ask = ask
        self._last = 0
        self._more = False

    async def open(self, after: int | None) -> list[Message]:
        if after is None:
            answer = await self._ask.first(calls.LIST_ENTRIES, feed_pb2.ListFeedEntriesRequest())
            self._last = answer.last_sequence
            return [messages.ready(self._last)]
        self._last = after
        return [messages.ready(after), *await self._page(self._ask.first)]

    async def _page(self, ask: Any) -> list[Message]:
        """Who may see few of the entries may wait for long: a page with none of them is told as a sign of life."""
        request = feed_pb2.ListFeedEntriesRequest(after_sequence=self._last, page_size=PAGE)
        answer = await ask(calls.LIST_ENTRIES, request)
        self._last, self._more = answer.last_sequence, answer.more
        shown = [messages.entry(entry) for entry in answer.entries]
        return shown or ([messages.heartbeat(self._last)] if answer.more else [])

    async def _read(self) -> AsyncIterator[Message]:
        self._more = True
        while self._more:
            for message in await self._page(self._ask.later):
                yield message

    async def follow(self) -> AsyncIterator[Message]:
        if self._more:
            async for message in self._read():
                yield message
        while True:
            item = await self.line.next()
            if isinstance(item, Beat):
                yield messages.heartbeat(self._last)
            elif not isinstance(item, int) or item > self._last:
                async for message in self._read():
                    yield message

    def looks_at(self, line_id: str) -> None:
        """Nobody else is there to be told."""

    def leave(self) -> None:
        """Nothing is kept beside the line."""
