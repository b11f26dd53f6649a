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
class OrderFilter:
    """`accounts`: None for all. `owner`: (kind, id) of whose own orders alone are wanted, `within_community`: of which
    alone. Dates inclusive; `created_before` only spares reading orders that are too new. `prefix` is folded."""

    accounts: tuple[UUID, ...] | None = None
    owner: tuple[str, str] | None = None
    within_community: UUID | None = None
    states: tuple[State, ...] = ()
    representative_id: UUID | None = None
    place_from: datetime.date | None = None
    place_to: datetime.date | None = None
    created_before: datetime.datetime | None = None
    community_id: UUID | None = None
    actor_id: UUID | None = None
    payer_account_id: UUID | None = None
    client_external_id: str = ""
    prefix: str = ""


NOTHING = OrderFilter(accounts=())


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


async def find_cart(
    connection: AsyncConnection, account_id: UUID, owner: tuple[str, str], session: str
) -> Order | None:
    """`session`: a care worker has one for each assisted session; empty for everybody else."""
    given = {"account_id": account_id, "kind": owner[0], "id": owner[1], "session": session}
    row = (await connection.execute(_CART, given)).one_or_none()
    return None if row is None else await store.find(connection, row.id)


def _conditions(wanted: OrderFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.owner is not None:
        found += [orders.c.owner_kind == wanted.owner[0], orders.c.owner_id == wanted.owner[1]]
    if wanted.states:
        found.append(orders.c.state.in_(wanted.states))
    if wanted.representative_id is not None:
        found += [orders.c.actor_kind == "REP", orders.c.actor_id == str(wanted.representative_id)]
    found += _assisted(wanted)
    if wanted.actor_id is not None:
        found.append(orders.c.actor_id == str(wanted.actor_id))
    if wanted.prefix:
        found.append(_begins_with(wanted.prefix))
    if wanted.place_from is not None:
        found.append(orders.c.place_date >= wanted.place_from)
    if wanted.place_to is not None:
        found.append(orders.c.place_date <= wanted.place_to)
    if wanted.created_before is not None:
        found.append(orders.c.create_time < wanted.created_before)
    return found


def _assisted(wanted: OrderFilter) -> list[sa.ColumnElement[bool]]:
    found = [
        orders.c.community_id == community
        for community in (wanted.within_community, wanted.community_id)
        if community is not None
    ]
    if wanted.client_external_id:
        found.append(orders.c.client_external_id == wanted.client_external_id)
        found.append(orders.c.client_external_id != "")  # as its index says
    return found


def _begins_with(prefix: str) -> sa.ColumnElement[bool]:
    """A range of each index, which are ordered by code point: no text that begins with it comes after its last."""
    last = prefix + chr(0x10FFFF)
    columns = (orders.c.number, orders.c.account_search, orders.c.reference_search)
    begins = [sa.and_(column >= prefix, column < last) for column in columns]
    begins[2] = sa.and_(begins[2], orders.c.reference_search != "")  # as its index says
    return sa.or_(*begins)


def _newest(conditions: list[sa.ColumnElement[bool]], page: Page, *columns: Any) -> sa.Select[Any]:
    statement = sa.select(*columns).where(*conditions)
    if page.after is not None:
        statement = statement.where(sa.tuple_(orders.c.create_time, orders.c.id) < sa.tuple_(*page.after))
    return statement.order_by(orders.c.create_time.desc(), orders.c.id.desc()).limit(page.size + 1)


_KEY = (orders.c.create_time, orders.c.id)


def _statement(wanted: OrderFilter, page: Page) -> sa.Select[Any]:
    """For several accounts the newest of each are merged: each is one short index scan, however many there are. So are
    the orders that a payer has for itself and those it pays for others."""
    conditions = _conditions(wanted)
    payer = wanted.payer_account_id
    if wanted.accounts is not None and len(wanted.accounts) == 1:
        conditions.append(orders.c.account_id == wanted.accounts[0])
    if wanted.accounts is None and payer is not None:
        own = [orders.c.account_id == payer, orders.c.payer_account_id == orders.c.account_id]
        others = [orders.c.payer_account_id == payer, orders.c.payer_account_id != orders.c.account_id]
        parts = [_newest([*conditions, *part], page, *_KEY).subquery() for part in (own, others)]
        return _merged(sa.union_all(*(sa.select(part) for part in parts)).subquery("own"), page)
    if payer is not None:
        conditions.append(orders.c.payer_account_id == payer)
    if wanted.accounts is None or len(wanted.accounts) == 1:
        return _newest(conditions, page, *_SUMMARY)
    given = (
        sa.func.unnest(sa.literal(list(wanted.accounts), sa.ARRAY(sa.Uuid)))
        .table_valued("id", name="a")
        .render_derived()
    )
    each = _newest([orders.c.account_id == given.c.id, *conditions], page, *_KEY).lateral("each")
    return _merged(sa.select(each).select_from(given.join(each, sa.true())).subquery("own"), page)


def _merged(keys: sa.Subquery, page: Page) -> sa.Select[Any]:
    """The newest of them all; only these are read whole."""
    newest = (
        sa.select(keys).order_by(keys.c.create_time.desc(), keys.c.id.desc()).limit(page.size + 1).subquery()
    )
    found = sa.select(*_SUMMARY).select_from(orders.join(newest, orders.c.id == newest.c.id))
    return found.order_by(orders.c.create_time.desc(), orders.c.id.desc())


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
    """Newest first, one more than the page holds when there are more."""
    if wanted.accounts == ():
        return []
    async with sessions() as session:
        found = await session.execute(_statement(wanted, page))
        return [_summary(row) for row in found]
