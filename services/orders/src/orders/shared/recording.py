"""A change of a sheet in its transaction: the sheet, its log, the order at the current terms, and the public fact."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import FieldViolation
from orders import store
from orders.access import Caller
from orders.approval import domain as approvals
from orders.approval import events as approval_events
from orders.domain.model import HistoryEntry, Order
from orders.domain.parties import Party
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.ports import QuotedLine
from orders.shared import events
from orders.shared import store as sheets
from orders.shared.domain import answering
from orders.shared.domain.sheet import Actor, Change, Command, Sheet
from orders.shared.domain.terms import Side
from orders.shared.projecting import lines_of, project

# Whoever moves prices acts for the vendor.
ITSELF = Party("SERVICE", "orders")
OPEN = frozenset((State.NEGOTIATING, State.PENDING_APPROVAL))


def side_of(caller: Caller) -> Side:
    """Staff and representatives are the vendor's side, everybody else the customer's."""
    return Side.VENDOR if caller.is_vendor else Side.CUSTOMER


def actor_of(caller: Caller, party: Party) -> Actor:
    """What a service does happens by itself, on no side."""
    return Actor(party, None if caller.actor_kind == ITSELF.kind else side_of(caller))


async def write(
    infra: Infrastructure, session: AsyncSession, order: Order, sheet: Sheet, actor: Party, channel: str
) -> Order:
    """After the sheet has changed; `order` is as it was read, but for its pricing. Once the sheet was sent, the order
    shows the current terms; before that it stays the draft that it was, and after placing what was placed. A message,
    an acceptance or the end of the offer leaves it alone. The order at the terms of the sheet."""
    changes = sheet.finish()
    projected = project(infra, order, sheet)
    if sheet.sent and order.state in OPEN and _terms(projected) != _terms(order):
        before = {line.id: line for line in order.lines}
        changed = [line for line in projected.lines if before.pop(line.id, None) != line]
        _touch(session, projected, infra.clock())
        entry = _entry(projected, order.state, actor, channel, _action(changes))
        await store.save(await session.connection(), projected, entry, changed=changed, removed=before)
    if changes:
        open_ = projected.state in OPEN or not sheet.agreed or projected.lines != order.lines
        await save(session, projected, sheet, changes, open_=open_)
    return projected


def _terms(order: Order) -> tuple[object, ...]:
    return order.header, order.lines, order.totals


async def save(
    session: AsyncSession, projected: Order, sheet: Sheet, changes: Sequence[Change], *, open_: bool
) -> None:
    """The sheet with its log, and the public fact; `projected` is the order at its terms."""
    await sheets.save(await session.connection(), projected, sheet, changes, open_=open_)
    events.add(session, projected, sheet, changes)


def _touch(session: AsyncSession, order: Order, now: datetime.datetime) -> None:
    """Whatever changes an order that waits for approval ends the request."""
    order.version += 1
    order.update_time = now
    if order.state is State.PENDING_APPROVAL:
        approvals.send_back(order, now)
        approval_events.refused(session, order, decided=False)


def _action(changes: list[Change]) -> str:
    return "repriced" if {change.kind for change in changes} <= {"price_moved"} else "negotiated"


def _entry(order: Order, came: State, actor: Party, channel: str, action: str) -> HistoryEntry:
    return HistoryEntry(
        sequence=order.version,
        time=order.update_time,
        actor=actor,
        account_id=order.account_id,
        channel=channel,
        action=action,
        from_state=came,
        to_state=order.state,
    )


async def price_moved(
    infra: Infrastructure,
    session: AsyncSession,
    order: Order,
    quoted: Sequence[QuotedLine],
    found: Sequence[FieldViolation],
    channel: str,
) -> int:
    """Prices of now, while the order was to be placed: proposals of the vendor, with what was `found` to stand against
    placing. The version of the order afterwards."""
    sheet = await sheets.find(await session.connection(), order.id)
    assert sheet is not None, "a shared order has a sheet"
    sheet.obstacles = tuple(found)
    quotes = {UUID(answer.line_id): answer.quote for answer in quoted if answer.quote is not None}
    answering.move_prices(sheet, Command(Actor(ITSELF, Side.VENDOR), sheet.revision, infra.clock()), quotes)
    return (await write(infra, session, order, sheet, ITSELF, channel)).version


async def placed(session: AsyncSession, order: Order, actor: Actor, *, amended: bool = False) -> None:
    """With the transaction that places the order, which is as it was agreed; or that amends it to that."""
    sheet = await sheets.find(await session.connection(), order.id)
    assert sheet is not None, "a shared order has a sheet"
    before = order.number if amended else ""
    answering.placed(sheet, Command(actor, sheet.revision, order.update_time), order.number, before=before)
    sheet.spender = None
    await _close(session, order, sheet)


async def ended(session: AsyncSession, order: Order, actor: Actor, reason: str) -> None:
    """With the transaction that cancels the order; or that begins to work on it, which ends what is open still: also
    what both agreed to, where the order was not amended to it in time."""
    sheet = await sheets.find(await session.connection(), order.id)
    assert sheet is not None, "a shared order has a sheet"
    if order.state is not State.CANCELLED and sheet.agreed and lines_of(order, sheet) == order.lines:
        return
    answering.end(sheet, Command(actor, sheet.revision, order.update_time), reason)
    await _close(session, order, sheet)


async def _close(session: AsyncSession, order: Order, sheet: Sheet) -> None:
    await save(session, order, sheet, sheet.finish(), open_=False)
