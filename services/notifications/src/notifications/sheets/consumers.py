"""Events of shared orders: mails that go at once, and what the next digest has to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from commis.orders.v1 import events_pb2
from commis.orders.v1 import shared_orders_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import ids
from chassis.consumer import Permanent, Subscription
from chassis.envelope import Meta
from notifications.mails.sender import Sender, hand_over
from notifications.mails.store import Draft
from notifications.sheets import store
from notifications.sheets.store import Pace
from notifications.sheets.told import OTHER, News, loses, news
from notifications.sheets.writing import Letter, Writer

DURABLE = "notifications-sheets"
_REMINDERS = {"waiting": "sheet_waiting", "expiring": "sheet_expiring", "expired": "sheet_expired"}


@dataclass(frozen=True, slots=True)
class Prepared:
    news: News | None = None
    drafts: list[Draft] = field(default_factory=list)


class SheetConsumer:
    """`sender` gets what was written at once; without one (a replay) a serving process finds it."""

    def __init__(self, writer: Writer, sender: Sender | None, pace: Pace) -> None:
        self._writer = writer
        self._sender = sender
        self._pace = pace

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription(
                stream="COMMIS_ORDERS",
                durable=DURABLE,
                subjects=("commis.orders.v1.sheets.*", "commis.orders.v1.sheet_reminder_due"),
                workers=1,
                prepare=self.prepare,
                handle_many=self.write,
            )
        ]

    async def prepare(self, event: Any, meta: Meta) -> Prepared:
        """Raises Permanent for an event that makes no sense, ServiceError while a neighbour is away."""
        if isinstance(event, events_pb2.SheetReminderDue):
            return Prepared(drafts=await self._reminder(event, meta))
        for text in (event.order_id, event.account_id):
            if ids.parse_id(text) is None:
                raise Permanent(f"not an id: {text!r}")
        found = news(event)
        if found is None:
            return Prepared()
        return Prepared(found, await self._at_once(event, found, meta))

    async def _at_once(self, event: pb.SheetChanged, found: News, meta: Meta) -> list[Draft]:
        if found.sent_to:
            return await self._writer.drafts(
                Letter(
                    "sheet_sent", meta.id, found.order_id, found.sent_to, found.sent_sequence, changes=True
                )
            )
        sheet = await self._writer.sheet(found.order_id, found.ended_for) if found.ended_for else None
        if sheet is None or (found.dropped and not loses(sheet, found.ended_for)):
            return []
        letter = Letter(_end(found, sheet), meta.id, found.order_id, found.ended_for, found.ended_sequence)
        return await self._writer.drafts(letter, sheet)

    async def _reminder(self, event: events_pb2.SheetReminderDue, meta: Meta) -> list[Draft]:
        order_id, kind = ids.parse_id(event.order_id), _REMINDERS.get(event.why)
        if order_id is None or kind is None or event.side not in OTHER:
            raise Permanent(f"no reminder: {event.why!r} to {event.side!r}")
        return await self._writer.drafts(Letter(kind, meta.id, order_id, event.side, changes=True))

    async def write(self, session: AsyncSession, batch: Sequence[tuple[Any, Meta, Prepared]]) -> None:
        for _event, _meta, prepared in batch:
            if prepared.news is not None:
                await self._note(session, prepared.news)
        drafts = [draft for _event, _meta, prepared in batch for draft in prepared.drafts]
        await hand_over(session, drafts, self._sender)

    async def _note(self, session: AsyncSession, found: News) -> None:
        if found.over:
            await store.end(session, found.order_id)
            return
        if found.sent_to:
            order_id, account_id, side = found.order_id, found.account_id, found.sent_to
            await store.told(session, order_id, account_id, side, found.revision, self._pace)
        for side, revision in found.gathered_for:
            await store.changed(session, found.order_id, found.account_id, side, revision, self._pace)


def _end(found: News, sheet: pb.SharedOrder) -> str:
    """What it is to the side that sees the sheet so. An order that has its number was placed, whatever became of it."""
    if found.dropped:
        return "sheet_dropped"
    if sheet.number:
        return "sheet_cancelled"
    return "sheet_withdrawn" if sheet.started_by != sheet.side else "sheet_declined"
