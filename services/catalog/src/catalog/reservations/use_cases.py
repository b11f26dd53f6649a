"""Hold stock for an order, and give it back."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from catalog import direct
from catalog.direct import Connection
from catalog.pricing.quote import Clock, Customer, Line, QuotedLine, Quoter, Refusal
from catalog.reservations import answers, at_once, backorders, levels, store
from catalog.reservations.domain import (
    LAST_ATTEMPT,
    ExpectedAnotherLevel,
    ReservationFirm,
    ReservationReleased,
    Stock,
    Take,
    Wanted,
    choose,
    distribute,
    summed,
)
from catalog.reservations.store import Hold
from catalog.stock import warehouses
from chassis import crash
from chassis.db import Sessions


@dataclass(frozen=True, slots=True)
class ReserveStock:
    """`content_hash` tells the same content from another one under the same attempt."""

    order_id: UUID
    attempt_id: UUID
    customer: Customer
    lines: tuple[Line, ...]
    language: str
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reservation would take, and the answer it would give."""

    quoted: Sequence[QuotedLine]
    takes: dict[UUID, list[Take]]
    wanted: Sequence[Wanted]
    refused: bool

    @property
    def is_split(self) -> bool:
        """Something comes from several warehouses."""
        return any(len(taken) > 1 for taken in self.takes.values())

    @property
    def waits(self) -> bool:
        """Something may go beyond what is there."""
        return any(take.backordered for taken in self.takes.values() for take in taken)


@dataclass(frozen=True, slots=True)
class Reserving:
    """Everything the use case needs; `hold_time` is how long a hold lasts before orders is asked about it."""

    engine: AsyncEngine
    sessions: Sessions
    quoter: Quoter
    hold_time: datetime.timedelta


async def reserve_stock(needs: Reserving, command: ReserveStock) -> bytes:
    """Prices the lines as of now and holds their stock; the serialized answer.

    First as if nobody else wanted the same stock: what was read is taken by conditional updates at the very
    end, so that popular rows are locked for a moment only. When the order has a hold already or stock moved
    meanwhile, once more with everything locked.

    Raises ReservationReleased, ReservationFirm, ExpectedAnotherLevel.
    """
    try:
        answer = await _reserve_at_once(needs, command)
    except ExpectedAnotherLevel:
        await prepare_backorders(needs, command)
        async with needs.sessions.begin() as session:
            answer = await _reserve_locked(session, needs, command)
            crash.point("reserve_before_commit")
    crash.point("reserve_after_commit")
    return answer


async def _reserve_at_once(needs: Reserving, command: ReserveStock) -> bytes:
    clock = needs.quoter.clock()
    async with direct.transaction(needs.engine) as connection:
        plan = await plan_of(connection, needs, command, clock)
        if plan.refused or plan.is_split:
            # Stock read without lock may be stale, and an earlier hold of this order may be what is missing.
            raise ExpectedAnotherLevel()
        expire_time = clock.instant + needs.hold_time
        answer = answers.reserved(plan.quoted, command.language, expire_time)
        content = (command.content_hash, answer, expire_time)
        if not await at_once.reserve(
            connection, command.order_id, command.attempt_id, content, plan.wanted, plan.takes
        ):
            raise ExpectedAnotherLevel()
        crash.point("reserve_before_commit")
    return answer


async def _reserve_locked(session: AsyncSession, needs: Reserving, command: ReserveStock) -> bytes:
    hold = await store.claim(session, command.order_id, command.attempt_id)
    clock = needs.quoter.clock()
    if not hold.fresh:
        known = known_answer(hold, command)
        if known is not None:
            expire_time = max(hold.expire_time, clock.instant + needs.hold_time)
            await store.renew(session, command.order_id, expire_time)
            return answers.renewed(known, expire_time)
    old = [] if hold.fresh else (await store.lines_of(session, [command.order_id])).get(command.order_id, [])
    ids = await answers.variant_ids(session, command.lines)
    await levels.lock_levels(session, [*ids, *(line.variant_id for line in old)])
    if old:
        await levels.give_back(session, [command.order_id], old)
        await store.drop_lines(session, [command.order_id])
    plan = await plan_of(await direct.of(session), needs, command, clock)
    expire_time = clock.instant + needs.hold_time
    if plan.refused:
        await store.set_hold(
            session, replace(hold, attempt_id=command.attempt_id, state="REFUSED", answer=None)
        )
        return answers.refused(plan.quoted, command.language)
    answer = answers.reserved(plan.quoted, command.language, expire_time)
    await store.set_hold(session, held(command, command.order_id, answer, expire_time, plan))
    await take(session, command.order_id, plan)
    return answer


def held(command: ReserveStock, key: UUID, answer: bytes, until: datetime.datetime, plan: Plan) -> Hold:
    return Hold(key, command.attempt_id, "HELD", None, command.content_hash, answer, until, False, plan.waits)


def known_answer(hold: Hold, command: ReserveStock) -> bytes | None:
    """The stored answer of the same attempt; None when the hold is to be replaced.

    Raises ReservationReleased for an attempt that is over, ReservationFirm for a placed order.
    """
    if hold.was_released(command.attempt_id) or hold.state == "SHIPPED":
        raise ReservationReleased(command.order_id, command.attempt_id)
    same = hold.attempt_id == command.attempt_id and hold.content_hash == command.content_hash
    if same and hold.state in ("HELD", "FIRM") and hold.answer is not None:
        return hold.answer
    if hold.state == "FIRM":
        raise ReservationFirm(command.order_id)
    if hold.attempt_id > command.attempt_id and hold.state != "RELEASED":
        raise ReservationReleased(command.order_id, command.attempt_id)
    return None


async def plan_of(
    connection: Connection,
    needs: Reserving,
    command: ReserveStock,
    clock: Clock,
    has: Mapping[UUID, int] = MappingProxyType({}),
) -> Plan:
    """`has`: what the order has of each variant already, and need not take."""
    quoted = await needs.quoter.quote(connection, command.customer, command.lines, clock)
    wanted = [
        Wanted(line.line.line_id, line.variant.id, line.line.quantity)
        for line in quoted
        if line.variant is not None
    ]
    variants = {line.variant.id: line.variant for line in quoted if line.variant is not None}
    takes: dict[UUID, list[Take]] = {}
    for variant_id, quantity in summed(wanted).items():
        variant = variants[variant_id]
        more = quantity - has.get(variant_id, 0)
        stock = Stock(variant.stock_policy, variant.warehouses or (), variant.available or ())
        chosen = choose(stock, variant_id, more) if more > 0 else []
        if chosen is not None:
            takes[variant_id] = chosen
    checked = [_with_shortage(line, takes, has) for line in quoted]
    return Plan(checked, takes, wanted, any(line.refusal is not None for line in checked))


def _with_shortage(
    quoted: QuotedLine, takes: Mapping[UUID, list[Take]], has: Mapping[UUID, int]
) -> QuotedLine:
    variant = quoted.variant
    if quoted.refusal is not None or variant is None or variant.id in takes:
        return quoted
    available = variant.total_available + has.get(variant.id, 0)
    words = f"{variant.sku}: {available} of the wanted quantity can be delivered."
    return quoted._replace(refusal=Refusal("STOCK_SHORTAGE", words, available, variant.expected_date))


async def take(session: AsyncSession, hold_id: UUID, plan: Plan) -> None:
    """What the plan wants, for the hold. Raises ExpectedAnotherLevel."""
    lines = distribute(plan.wanted, plan.takes)
    if lines:
        await store.add_lines(session, hold_id, lines)
    takes = [take for taken in plan.takes.values() for take in taken]
    if not await levels.take(session, takes):
        raise ExpectedAnotherLevel()
    if plan.waits:
        await backorders.wait(await direct.of(session), hold_id, lines, takes)


async def prepare_backorders(needs: Reserving, command: ReserveStock) -> None:
    """A back-order needs a row to be owed from; made beforehand, see `levels` on lock order."""
    async with needs.sessions() as session:
        bare = await answers.backorders_without_level(session, command.lines)
    if bare:
        place = await warehouses.first(needs.sessions)
        await warehouses.ensure_levels(needs.sessions, [(variant_id, place) for variant_id in bare])


async def release_stock(sessions: Sessions, order_id: UUID, attempt_id: UUID | None) -> None:
    """Gives back what the attempt, or an earlier one, holds and is not firm; without attempt everything, also
    what is firm. Remembered, so that a hold that comes later is refused."""
    async with sessions.begin() as session:
        released = attempt_id or LAST_ATTEMPT
        if await store.bury(session, order_id, released):
            return
        hold = (await store.lock_holds(session, [order_id]))[order_id]
        lines = (await store.lines_of(session, [order_id])).get(order_id, [])
        await levels.lock_levels(session, [line.variant_id for line in lines])
        await release(session, hold, attempt_id)


async def release(session: AsyncSession, hold: Hold, attempt_id: UUID | None) -> None:
    """The hold and the stock levels of its lines must be locked."""
    if hold.state == "SHIPPED" or (hold.state == "FIRM" and attempt_id is not None):
        return
    if attempt_id is not None and hold.attempt_id > attempt_id:
        # Replaced by a later attempt, which is not touched; but this one is over.
        await store.set_states(session, [hold.with_state(hold.state, attempt_id)])
        return
    lines = (await store.lines_of(session, [hold.order_id])).get(hold.order_id, [])
    await levels.give_back(session, [hold.order_id], lines)
    await store.drop_lines(session, [hold.order_id])
    await store.set_states(session, [hold.with_state("RELEASED", attempt_id or LAST_ATTEMPT)])
