"""An agreed change of a placed order: what it needs beyond what the order has is held first, then all lines change at
once. Until then the order stays as it was placed.

Only what the amendment changes is priced anew; every other line keeps the price it was placed with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from chassis.errors import FieldViolation, InvalidFields, ServiceError
from chassis.ids import new_id
from chassis.logs import log
from orders import access, store
from orders.access import Caller
from orders.approval import domain as approvals
from orders.attribution import attribution
from orders.domain.model import HistoryEntry, Order
from orders.domain.parties import Party
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.payments import recording as payments
from orders.placing import events as placing_events
from orders.placing.claiming import named
from orders.placing.domain import budget_needs
from orders.ports import OrderingContext, QuotedLine
from orders.shared import amendment_needs as needed
from orders.shared import amendment_store as claims
from orders.shared import recording
from orders.shared import store as sheets
from orders.shared.domain.sheet import Sheet
from orders.shared.negotiating import seen_by
from orders.shared.passing import passes
from orders.shared.projecting import project
from orders.statistics import store as figures

_TRIES = 5


async def amend(infra: Infrastructure, order_id: UUID, said: Party | None = None) -> None:
    """As the caller, or in the name of who `said` the last word; once, however often both sides ask for it. What stands
    against it is kept beside the sheet. Raises ServiceError for what passes by itself."""
    caller = access.caller()
    for _ in range(_TRIES):
        order, sheet, context = await seen_by(infra, caller, order_id)
        if order.state is not State.PLACED or not sheet.agreed:
            return
        await infra.methods.find(sheet.header.current.shipping_method)
        if await _amended(infra, order, sheet, named(context, order, said), caller):
            return


async def _amended(
    infra: Infrastructure, order: Order, sheet: Sheet, context: OrderingContext, caller: Caller
) -> bool:
    """False when it is to be looked at again: both sides agreed to other terms meanwhile, and whoever asked to amend
    the order to those was told that this attempt is under way."""
    wanted = project(infra, order, sheet)
    if wanted.lines == order.lines:
        return True
    attempt = new_id()
    async with infra.sessions.begin() as session:
        claimed = await claims.claim_amendment(
            await session.connection(), order.id, sheet.revision, attempt, infra.claim_seconds
        )
    if not claimed:  # somebody else amends it now
        return True
    found: Sequence[FieldViolation]
    asking = approvals.asking(wanted, caller, context, sheet.spender)
    try:
        found, moved = await _against(infra, order, wanted, asking, attempt)
        if any(each.reason == "PRICE_CHANGED" for each in found):
            await _propose_prices(infra, order.id, sheet.revision, moved, found, caller.channel)
        if not found and await _write(infra, order, sheet, wanted, context, caller, attempt):
            return True
    except InvalidFields as refusal:
        found = refusal.violations
    except ServiceError as failed:
        if passes(failed):
            await _give_up(infra, wanted, sheet.revision, attempt, [])
            raise
        found = [FieldViolation("order", failed.message, failed.reason)]
    last = await _give_up(infra, wanted, sheet.revision, attempt, found)
    return bool(found) and last == sheet.revision


async def _against(
    infra: Infrastructure, order: Order, wanted: Order, asking: Party | None, attempt: UUID
) -> tuple[list[FieldViolation], list[QuotedLine]]:
    """Holds what goes beyond, and asks customers about more money; everything that stands against it, and what the
    changed lines cost now. `asking`: who of the customer's side is not free to agree to it."""
    kept = needed.lines_kept(order, wanted)
    asked = needed.lines_asked(wanted, kept)
    budgets_asked = needed.budgets_asked(order, wanted)
    method = order.header.payment_method or ""
    authorized, reserved, budgets = await asyncio.gather(
        infra.ports.customers.authorize(order.id, order.account_id, method)
        if needed.grows(order, wanted)
        else _no_more(),
        infra.ports.catalog.reserve(
            order.id, attempt, wanted.pricing, asked, wanted.header.language, amends=True
        )
        if asked
        else _no_lines(),
        infra.ports.library.hold(
            order.id, attempt, order.account_id, infra.today(), budgets_asked, amends=True
        )
        if budgets_asked or budget_needs(order)
        else _nothing(),
        return_exceptions=True,
    )
    for answer in (authorized, reserved, budgets):
        if isinstance(answer, BaseException):
            raise answer
    assert isinstance(reserved, tuple)
    assert not isinstance(authorized, BaseException)
    quoted, held = reserved
    shipping = infra.methods.known(wanted.header.shipping_method)
    found = needed.findings(order, wanted, shipping, authorized, quoted)
    if not held and not found:
        found.append(FieldViolation("lines", "could not be held", "STOCK_SHORTAGE"))
    if asking is not None:
        text = "is above what the user who agreed may spend: an administrator of the account accepts it"
        found.append(FieldViolation("approval", text, "APPROVAL_NEEDED"))
    found += budgets if isinstance(budgets, tuple) else ()
    return found, [each for each in quoted if UUID(each.line_id) not in kept]


async def _propose_prices(
    infra: Infrastructure,
    order_id: UUID,
    revision: int,
    quoted: Sequence[QuotedLine],
    found: Sequence[FieldViolation],
    channel: str,
) -> None:
    """Of the lines as they are at this revision; nothing when they moved on."""
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order, sheet = await store.lock(connection, order_id), await sheets.find(connection, order_id)
        if order is None or sheet is None or order.state is not State.PLACED:
            return
        if sheet.revision == revision:
            await recording.price_moved(infra, session, order, quoted, found, channel)


async def _no_more() -> None:
    return None


async def _nothing() -> tuple[FieldViolation, ...]:
    return ()


async def _no_lines() -> tuple[list[QuotedLine], bool]:
    return [], True


async def _give_up(
    infra: Infrastructure, wanted: Order, revision: int, attempt: UUID, found: Sequence[FieldViolation]
) -> int | None:
    """Releases what was held, which may fail: a hold ends by itself once its owner has asked us. Then ends the claim,
    as `end_amendment` answers."""
    outcomes = await asyncio.gather(
        infra.ports.catalog.release(wanted.id, attempt, amends=True),
        infra.ports.library.release(wanted.id, attempt, amends=True),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            log.warning("release failed", order_id=str(wanted.id), error=repr(outcome))
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        return await claims.end_amendment(connection, wanted.id, revision, attempt, found)


async def _write(
    infra: Infrastructure,
    order: Order,
    sheet: Sheet,
    wanted: Order,
    context: OrderingContext,
    caller: Caller,
    attempt: UUID,
) -> bool:
    """False, and nothing is written, when the order or its sheet moved on meanwhile."""
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        now = await store.lock(connection, order.id)
        if now is None or now.state is not State.PLACED or now.version != order.version:
            return False
        if not await claims.finish_amendment(connection, order.id, sheet.revision, attempt):
            return False
        if order.parties.assistance is not None:
            await figures.uncount(connection, order.id)
        wanted.version += 1
        wanted.update_time = infra.clock()
        before = {line.id: line for line in order.lines}
        changed = [line for line in wanted.lines if before.pop(line.id, None) != line]
        await store.save(connection, wanted, _entry(wanted, context, caller), changed=changed, removed=before)
        wanted.payment_state = now.payment_state
        await payments.order_changed(infra, session, wanted)
        await claims.set_amended(connection, wanted, attempt)
        if order.parties.assistance is not None:
            await figures.count(connection, [order.id])
        await recording.placed(session, wanted, recording.actor_of(caller, context.actor), amended=True)
        _tell(session, wanted, attempt)
    return True


def _entry(order: Order, context: OrderingContext, caller: Caller) -> HistoryEntry:
    return HistoryEntry(
        sequence=order.version,
        time=order.update_time,
        actor=context.actor,
        account_id=order.account_id,
        channel=caller.channel,
        action="amended",
        from_state=State.PLACED,
        to_state=State.PLACED,
    )


def _tell(session: AsyncSession, order: Order, attempt: UUID) -> None:
    fact = placing_events.order_placed(order, attempt, order.update_time.date())
    outbox.add(
        session,
        events_pb2.OrderAmended(
            attribution=attribution(order.update_time, account_id=order.account_id, order_id=order.id),
            order_id=fact.order_id,
            number=order.number,
            account_id=fact.account_id,
            attempt_id=str(attempt),
            lines=fact.lines,
            total=fact.total,
            assistance=fact.assistance,
            aggregate_version=order.version,
        ),
        subject="commis.orders.v1.order_amended",
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )
