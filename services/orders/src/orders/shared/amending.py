"""An agreed change of a placed order: what it needs beyond what the order has is held first, then all lines change at
once. Until then the order stays as it was placed.

Only what the amendment changes is priced anew; every other line keeps the price it was placed with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from chassis.errors import DeadlineExceeded, FieldViolation, InvalidFields, Unavailable
from chassis.ids import new_id
from chassis.logs import log
from orders import access, store
from orders.access import Caller
from orders.approval import domain as approvals
from orders.attribution import attribution
from orders.domain.model import HistoryEntry, Line, Order
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.payments import recording as payments
from orders.placing import events as placing_events
from orders.placing import holds
from orders.placing.domain import budget_needs, line_findings
from orders.ports import BudgetNeed, OrderingContext, QuotedLine, WantedLine
from orders.shared import amendment_store as claims
from orders.shared import recording
from orders.shared.domain.sheet import Sheet
from orders.shared.negotiating import seen_by
from orders.shared.projecting import project
from orders.statistics import store as figures


async def amend(infra: Infrastructure, order_id: UUID) -> None:
    """As the caller; once, however often both sides ask for it. What stands against it is kept beside the sheet."""
    caller = access.caller()
    order, sheet, context = await seen_by(infra, caller, order_id)
    if order.state is not State.PLACED or not sheet.agreed:
        return
    wanted = project(infra, order, sheet)
    if wanted.lines == order.lines:
        return
    attempt = new_id()
    async with infra.sessions.begin() as session:
        claimed = await claims.claim_amendment(
            await session.connection(), order_id, sheet.revision, attempt, infra.claim_seconds
        )
    if not claimed:  # somebody else amends it now
        return
    found: Sequence[FieldViolation]
    try:
        found, moved = await _against(infra, order, wanted, context, attempt)
        if any(each.reason == "PRICE_CHANGED" for each in found):
            await _propose_prices(infra, order.id, moved, caller.channel)
        if not found and await _write(infra, order, sheet, wanted, context, caller, attempt):
            return
    except InvalidFields as refusal:
        found = refusal.violations
    except (Unavailable, DeadlineExceeded) as away:
        found = [FieldViolation("order", away.message, away.reason)]
    await _release(infra, wanted, attempt)
    async with infra.sessions.begin() as session:
        await claims.end_amendment(await session.connection(), order_id, attempt, found)


async def _against(
    infra: Infrastructure, order: Order, wanted: Order, context: OrderingContext, attempt: UUID
) -> tuple[list[FieldViolation], list[QuotedLine]]:
    """Holds what goes beyond; everything that stands against it, and what the changed lines cost now."""
    kept = _kept(order, wanted)
    needs = _needs(order, wanted)
    asked = _asked(wanted, kept)
    reserved, budgets = await asyncio.gather(
        infra.ports.catalog.reserve(
            order.id, attempt, wanted.pricing, asked, wanted.header.language, amends=True
        )
        if asked
        else _no_lines(),
        infra.ports.library.hold(order.id, attempt, order.account_id, infra.today(), needs, amends=True)
        if needs or budget_needs(order)
        else _nothing(),
        return_exceptions=True,
    )
    for answer in (reserved, budgets):
        if isinstance(answer, BaseException):
            raise answer
    assert isinstance(reserved, tuple)
    quoted, held = reserved
    found = _findings(wanted, quoted, kept)
    if not held and not found:
        found.append(FieldViolation("lines", "could not be held", "STOCK_SHORTAGE"))
    if approvals.needed(wanted, context):
        text = "is above what this user may spend: an administrator of the account agrees to it"
        found.append(FieldViolation("approval", text, "APPROVAL_NEEDED"))
    found += budgets if isinstance(budgets, tuple) else ()
    return found, [each for each in quoted if UUID(each.line_id) not in kept]


async def _propose_prices(
    infra: Infrastructure, order_id: UUID, quoted: Sequence[QuotedLine], channel: str
) -> None:
    async with infra.sessions.begin() as session:
        order = await store.lock(await session.connection(), order_id)
        if order is not None and order.state is State.PLACED:
            await recording.price_moved(infra, session, order, quoted, channel)


async def _nothing() -> tuple[FieldViolation, ...]:
    return ()


async def _no_lines() -> tuple[list[QuotedLine], bool]:
    return [], True


def _kept(order: Order, wanted: Order) -> set[UUID]:
    """Lines of which the order goes on having as many, at the price that they were placed with."""
    placed = {line.id: (line.quote, line.quantity, line.negotiated) for line in order.lines}
    return {
        line.id
        for line in wanted.lines
        if placed.get(line.id) == (line.quote, line.quantity, line.negotiated)
    }


def _asked(order: Order, kept: set[UUID]) -> list[WantedLine]:
    """What is changed, and what else the order has of the same variants, which is asked for at the price that it was
    placed with. Nothing else has to be there, or to be sold still, once more."""
    variants = {line.quote.variant_id for line in order.lines if line.id not in kept}
    lines = [replace(line, negotiated=True) if line.id in kept else line for line in order.lines]
    return holds.wanted(replace(order, lines=[line for line in lines if line.quote.variant_id in variants]))


def _needs(order: Order, wanted: Order) -> list[BudgetNeed]:
    """Of the budgets that changed lines name; others have ended perhaps, and what is held of them stays."""
    placed = {line.id: line for line in order.lines}
    changed = {line.budget_code for line in wanted.lines if _charged(line) != _charged(placed.get(line.id))}
    return [need for need in budget_needs(wanted) if need.budget_code in changed]


def _charged(line: Line | None) -> tuple[str, int] | None:
    return None if line is None else (line.budget_code, line.total)


def _findings(order: Order, quoted: Sequence[QuotedLine], kept: set[UUID]) -> list[FieldViolation]:
    """Another price is none of a line that is not changed."""
    answers = {each.line_id: each for each in quoted}
    every = [answers.get(str(line.id)) or QuotedLine(str(line.id), line.quote) for line in order.lines]
    at_price = {f"lines[{index}].price" for index, line in enumerate(order.lines) if line.id in kept}
    return [each for each in line_findings(order, every) if each.field not in at_price]


async def _release(infra: Infrastructure, order: Order, attempt: UUID) -> None:
    """Failing is no harm: a hold ends by itself once its owner has asked us."""
    outcomes = await asyncio.gather(
        infra.ports.catalog.release(order.id, attempt, amends=True),
        infra.ports.library.release(order.id, attempt, amends=True),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            log.warning("release failed", order_id=str(order.id), error=repr(outcome))


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
        await recording.placed(session, wanted, recording.actor_of(caller, context.actor))
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
            aggregate_version=order.version,
        ),
        subject="commis.orders.v1.order_amended",
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )
