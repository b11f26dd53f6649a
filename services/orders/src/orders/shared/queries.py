"""Reading shared orders as the caller's side may see them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from chassis.errors import FieldViolation, InvalidFields
from chassis.paging import Page
from orders import access, store
from orders.access import Caller
from orders.domain.errors import OrderNotFound
from orders.domain.model import Order
from orders.infrastructure import Infrastructure
from orders.shared import store as sheets
from orders.shared.domain.errors import RevisionNotFound, SharedOrderNotFound
from orders.shared.domain.items import Colour
from orders.shared.domain.replay import replay
from orders.shared.domain.sheet import Change, Sheet
from orders.shared.domain.terms import Side
from orders.shared.projecting import project
from orders.shared.recording import side_of
from orders.shared.tables import shared_orders
from orders.shared.wire import View
from orders.sheets import listing
from orders.tables import orders

_UNSEEN = 500


def viewer(caller: Caller, sheet: Sheet, wanted: Side | None = None) -> Side:
    """A service that reads for itself sees it as the side it names, or the one that is to answer. Raises
    InvalidFields for somebody else's side."""
    if caller.actor_kind == "SERVICE":
        return wanted or sheet.waiting_for or sheet.started_by
    side = side_of(caller)
    if wanted not in (None, side):
        raise InvalidFields([FieldViolation("side", "is not the caller's", "NOT_ALLOWED")])
    return side


async def read(
    infra: Infrastructure, order_id: UUID, wanted: Side | None = None
) -> tuple[Order, Sheet, Side]:
    """Raises SharedOrderNotFound, also for what the caller may not see; InvalidFields as `viewer`."""
    caller = access.caller()
    async with infra.engine.connect() as connection:
        order = await store.find(connection, order_id)
        sheet = await sheets.find(connection, order_id) if order is not None and order.shared else None
    try:
        order = await access.check_visible(infra.ports.customers, caller, order, order_id)
    except OrderNotFound:
        raise SharedOrderNotFound(order_id) from None
    if sheet is None:
        raise SharedOrderNotFound(order_id)
    side = viewer(caller, sheet, wanted)
    if not sheet.visible_to(side):
        raise SharedOrderNotFound(order_id)
    return order, sheet, side


async def get(infra: Infrastructure, order_id: UUID, revision: int = 0, wanted: Side | None = None) -> View:
    """0: as it is now. Raises SharedOrderNotFound, RevisionNotFound; InvalidFields as `viewer`."""
    order, sheet, side = await read(infra, order_id, wanted)
    await infra.methods.find(sheet.header.current.shipping_method)
    if not revision:
        return await view(infra, project(infra, order, sheet), sheet, side)
    past = await _past(infra, sheet, side, revision)
    await infra.methods.find(past.header.current.shipping_method)
    return View(project(infra, order, past), past, side, [])


async def view(infra: Infrastructure, order: Order, sheet: Sheet, side: Side) -> View:
    """With what the others changed since this side last looked. `order` is projected."""
    since = max(sheet.seen.get(side, 0), first_for(sheet, side))
    async with infra.engine.connect() as connection:
        unseen = await sheets.list_changes(connection, sheet.order_id, since, _UNSEEN, other_than=side)
    return View(order, sheet, side, unseen)


def first_for(sheet: Sheet, side: Side) -> int:
    """Up to which change the log is not for this side: what the other one prepared before it sent it."""
    return 0 if side is sheet.started_by else sheet.sent - 1


async def _past(infra: Infrastructure, sheet: Sheet, side: Side, revision: int) -> Sheet:
    found = None
    if first_for(sheet, side) < revision <= sheet.revision:
        async with infra.engine.connect() as connection:
            pictures = await sheets.pictures(connection, sheet.order_id, revision)
        found = replay(sheet.order_id, sheet.started_by, revision, pictures)
    if found is None:
        raise RevisionNotFound(sheet.order_id, revision, sheet.revision)
    return found


async def list_changes(infra: Infrastructure, order_id: UUID, after: int, page: Page) -> list[Change]:
    """Oldest first, one more than the page holds when there are more. Raises SharedOrderNotFound."""
    _, sheet, side = await read(infra, order_id)
    since = max(after, first_for(sheet, side), page.after[0] if page.after is not None else 0)
    async with infra.engine.connect() as connection:
        return await sheets.list_changes(connection, order_id, since, page.size + 1)


@dataclass(frozen=True, slots=True)
class ListSharedOrders:
    account_id: UUID | None = None
    waiting_for: Side | None = None
    representative_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    order_id: UUID
    account_id: UUID
    account_name: str
    revision: int
    colour: Colour
    waiting_for: Side | None
    total: int
    currency: str
    line_count: int
    expire_date: datetime.date | None
    update_time: datetime.datetime
    order_reference: str
    language: str


_SUMMARY = (
    *(shared_orders.c.order_id, shared_orders.c.account_id, shared_orders.c.revision),
    *(shared_orders.c.vendor_colour, shared_orders.c.customer_colour, shared_orders.c.waiting_for),
    *(shared_orders.c.total, shared_orders.c.currency, shared_orders.c.line_count),
    *(shared_orders.c.expire_date, shared_orders.c.update_time),
    *(orders.c.account_name, orders.c.order_reference, orders.c.language),
)


async def list_shared_orders(infra: Infrastructure, command: ListSharedOrders, page: Page) -> list[Summary]:
    """Those still negotiated, the latest changed first, one more than the page holds when there are more."""
    caller = access.caller()
    side = side_of(caller)
    scope = await listing.scope_of(infra, caller, command.account_id)
    if scope.accounts == ():
        return []
    sheet = shared_orders.c
    conditions: list[sa.ColumnElement[bool]] = [sheet.open]
    if caller.actor_kind != "SERVICE":
        conditions.append(sa.or_(sheet.sent > 0, sheet.started_by == side))
    if scope.accounts is not None:
        conditions.append(sheet.account_id.in_(scope.accounts))
    if scope.owner is not None:
        conditions += [orders.c.owner_kind == scope.owner[0], orders.c.owner_id == scope.owner[1]]
    if scope.within_community is not None:
        conditions.append(orders.c.community_id == scope.within_community)
    if command.waiting_for is not None:
        conditions.append(sheet.waiting_for == command.waiting_for)
    if command.representative_id is not None:
        rep = str(command.representative_id)
        conditions += [orders.c.actor_kind == "REP", orders.c.actor_id == rep]
    if page.after is not None:
        conditions.append(sa.tuple_(sheet.update_time, sheet.order_id) < sa.tuple_(*page.after))
    statement = (
        sa.select(*_SUMMARY)
        .select_from(shared_orders.join(orders, orders.c.id == sheet.order_id))
        .where(*conditions)
        .order_by(sheet.update_time.desc(), sheet.order_id.desc())
        .limit(page.size + 1)
    )
    async with infra.sessions() as session:
        return [_summary(row, side) for row in await session.execute(statement)]


def _summary(row: Any, side: Side) -> Summary:
    return Summary(
        order_id=row.order_id,
        account_id=row.account_id,
        account_name=row.account_name,
        revision=row.revision,
        colour=Colour(row.vendor_colour if side is Side.VENDOR else row.customer_colour),
        waiting_for=Side(row.waiting_for) if row.waiting_for else None,
        total=row.total,
        currency=row.currency,
        line_count=row.line_count,
        expire_date=row.expire_date,
        update_time=row.update_time,
        order_reference=row.order_reference,
        language=row.language,
    )
