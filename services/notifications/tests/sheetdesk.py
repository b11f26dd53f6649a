"""One process that takes events of shared orders and writes digests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.db import Sessions
from notifications.sheets.consumers import SheetConsumer
from notifications.sheets.digests import Digests
from notifications.sheets.store import Pace
from services.notifications.tests.factories import ACCOUNT_ID, ORDER_ID, meta
from services.notifications.tests.sheetfactories import FakeShared, writer

AT_ONCE = Pace(0, 3600)


def event(*changes: pb.SheetChange, **fields: Any) -> pb.SheetChanged:
    given = {"order_id": str(ORDER_ID), "account_id": str(ACCOUNT_ID), "revision": changes[-1].sequence}
    return pb.SheetChanged(changes=changes, **(given | fields))


class Desk:
    """The consumer and the worker of one process."""

    def __init__(self, sessions: Sessions, shared: FakeShared, pace: Pace = AT_ONCE, **known: Any) -> None:
        self.sessions, self.shared = sessions, shared
        made = writer(shared, **known)
        self.consumer = SheetConsumer(made, None, pace)
        self.digests = Digests(sessions, made, None, pace)

    async def take(self, happened: Any, cause_id: UUID | None = None) -> None:
        told = meta(cause_id=cause_id)
        prepared = await self.consumer.prepare(happened, told)
        async with self.sessions.begin() as session:
            await self.consumer.write(session, [(happened, told, prepared)])

    async def mails(self) -> list[Any]:
        async with self.sessions() as session:
            rows = await session.execute(sa.text("SELECT * FROM mails ORDER BY id"))
            return list(rows.all())

    async def run(self, statement: str) -> None:
        async with self.sessions.begin() as session:
            await session.execute(sa.text(statement))


async def sent_to(desk: Desk) -> list[tuple[str, str]]:
    return [(row.template, row.recipient) for row in await desk.mails()]


QUANTITY = {"line_id": "", "field": "quantity", "from_value": "1", "to_value": "2"}
