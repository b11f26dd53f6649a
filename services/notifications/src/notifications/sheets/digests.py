"""Writes the digests that are due, one mail per side and sheet, whichever process is first."""

from __future__ import annotations

import asyncio
import contextlib

from commis.orders.v1.orders_pb2 import Order

from chassis.db import Sessions
from chassis.logs import log
from notifications.mails.sender import Sender, hand_over
from notifications.mails.store import Draft
from notifications.sheets import store
from notifications.sheets.store import Due, Pace
from notifications.sheets.writing import Letter, Writer, unseen
from notifications.wording.sheets import tells_something

POLL_SECONDS = 2.0
_AT_ONCE = 20
_OPEN = frozenset((Order.STATE_NEGOTIATING, Order.STATE_PENDING_APPROVAL, Order.STATE_PLACED))


class Digests:
    """A background task; any number of processes may run it, and it may stop anywhere: what was not committed is due
    again when its lease is over."""

    def __init__(self, sessions: Sessions, writer: Writer, sender: Sender | None, pace: Pace) -> None:
        self._sessions = sessions
        self._writer = writer
        self._sender = sender
        self._pace = pace
        self._stop = asyncio.Event()

    async def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._stop.clear()
        while not self._stop.is_set():
            try:
                more = await self.turn() == _AT_ONCE
            except Exception as error:
                log.warning("digests not looked at", error=repr(error))
                more = False
            if not more:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), POLL_SECONDS)

    async def turn(self) -> int:
        """Writes what is due now; how many digests that were."""
        async with self._sessions.begin() as session:
            found = await store.claim(session, _AT_ONCE)
        for due in found:
            try:
                await self._write(due)
            except Exception as error:
                log.warning("digest waits", order_id=str(due.order_id), error=repr(error))
        return len(found)

    async def _write(self, due: Due) -> None:
        sheet = await self._writer.sheet(due.order_id, due.side)
        drafts: list[Draft] = []
        if sheet is not None and sheet.state in _OPEN and tells_something(unseen(sheet, due.side)):
            letter = Letter("sheet_changed", due.cause_id, due.order_id, due.side, changes=True)
            drafts = await self._writer.drafts(letter, sheet)
        async with self._sessions.begin() as session:
            if sheet is None:
                await store.end(session, due.order_id)
                return
            if await store.done(session, due, sheet.revision, self._pace, mailed=bool(drafts)):
                await hand_over(session, drafts, self._sender)
