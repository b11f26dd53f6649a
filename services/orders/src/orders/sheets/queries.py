"""Reading orders: one, the open cart, a page of summaries."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.db import Sessions
from chassis.paging import Page
from orders import reading, store
from orders.domain.model import Order
from orders.domain.parties import Parties
from orders.domain.states import State
from orders.sheets.filters import OrderFilter, Sort
from orders.sheets.pages import page_statement
from orders.tables import orders

_CART = sa.text(
    "SELECT id FROM orders WHERE cart AND account_id = :account_id AND owner_kind = :kind AND owner_id = :id"
    " AND assisted_session = :session"
)
_SUMMARY = (
    *(orders.c.id, orders.c.number, orders.c.state, orders.c.account_id, orders.c.account_name),
    *(orders.c.payer_account_id, orders.c.payer_name, orders.c.actor_kind, orders.c.actor_id),
    *(orders.c.actor_name, orders.c.channel, orders.c.rep_code, orders.c.order_reference, orders.c.total),
    *(orders.c.currency, orders.c.line_count, orders.c.create_time, orders.c.place_time, orders.c.approval),
    *(orders.c.platform_id, orders.c.community_id, orders.c.community_external_id, orders.c.community_name),
    *(orders.c.care_worker_subject, orders.c.client_external_id, orders.c.assisted_session),
)


@dataclass(frozen=True, slots=True)
class OrderSummary:
    id: UUID
    number: str
    state: State
    parties: Parties
    order_reference: str
    total: int
    currency: str
    line_count: int
    create_time: datetime.datetime
    place_time: datetime.datetime | None

    def key(self, sort: Sort) -> tuple[Any, UUID]:
        """Its place in a list."""
        return getattr(self, sort.column.name), self.id


async def find_cart(
    connection: AsyncConnection, account_id: UUID, owner: tuple[str, str], session: str
) -> Order | None:
    """`session`: a care worker has one for each assisted session; empty for everybody else."""
    given = {"account_id": account_id, "kind": owner[0], "id": owner[1], "session": session}
    row = (await connection.execute(_CART, given)).one_or_none()
    return None if row is None else await store.find(connection, row.id)


def _summary(row: Any) -> OrderSummary:
    return OrderSummary(
        id=row.id,
        number=row.number or "",
        state=State(row.state),
        parties=reading.parties(row._mapping, reading.approval(row.approval)),
        order_reference=row.order_reference,
        total=row.total,
        currency=row.currency,
        line_count=row.line_count,
        create_time=row.create_time,
        place_time=row.place_time,
    )


async def list_orders(sessions: Sessions, wanted: OrderFilter, page: Page) -> list[OrderSummary]:
    """One more than the page holds when there are more."""
    if wanted.accounts == ():
        return []
    async with sessions() as session:
        found = await session.execute(page_statement(wanted, page, _SUMMARY))
        return [_summary(row) for row in found]
