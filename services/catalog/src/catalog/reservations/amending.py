"""Change what a placed order has in stock: hold what goes beyond, give it back, and take over what was agreed.

The order keeps what it has until the fact says that it was amended; then its reservation becomes equal to the amended
lines, and what it needs no more is given up. Nothing here touches how orders are placed.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import direct
from catalog.reservations import amendments, answers, backorders, levels, store, use_cases
from catalog.reservations.domain import Reservation, ReservationReleased, Wanted, summed
from catalog.reservations.firming import HoldMissing, OrderFact, bury_cancelled
from catalog.reservations.pooling import Amended, Place, Short, Waiting, amended
from catalog.reservations.use_cases import Plan, ReserveStock, Reserving
from chassis import crash
from chassis.db import Sessions

_PLACED = ("HELD", "FIRM")  # the fact of placing may be on its way


async def reserve_beyond(needs: Reserving, command: ReserveStock) -> bytes:
    """Prices all lines as of now, and holds what they need of each variant beyond what the order has; the answer.

    Raises ReservationReleased, ReservationFirm, ExpectedAnotherLevel.
    """
    await use_cases.prepare_backorders(needs, command)
    async with needs.sessions.begin() as session:
        answer = await _reserve(session, needs, command)
        crash.point("reserve_beyond_before_commit")
    crash.point("reserve_beyond_after_commit")
    return answer


async def _reserve(session: AsyncSession, needs: Reserving, command: ReserveStock) -> bytes:
    order_id, attempt_id = command.order_id, command.attempt_id
    order = (await store.lock_holds(session, [order_id])).get(order_id)
    mine = await amendments.claim(session, order_id, attempt_id)
    clock = needs.quoter.clock()
    known = None if mine.fresh else use_cases.known_answer(mine, command)
    if known is not None:
        expire_time = max(mine.expire_time, clock.instant + needs.hold_time)
        await store.renew(session, attempt_id, expire_time)
        return answers.renewed(known, expire_time)
    others = await amendments.others(session, order_id, attempt_id)
    latest = max((each.attempt_id for each in (*others, *([order] if order else []))), default=attempt_id)
    if order is None or order.state not in _PLACED or latest >= attempt_id:
        raise ReservationReleased(order_id, attempt_id)
    lines = await store.lines_of(session, [order_id, attempt_id, *(each.order_id for each in others)])
    held = [line for found in lines.values() for line in found]
    ids = await answers.variant_ids(session, command.lines)
    await levels.lock_levels(session, [*ids, *(line.variant_id for line in held)])
    for each in others:  # a later attempt replaces earlier ones
        await use_cases.release(session, each, each.attempt_id)
    if attempt_id in lines:  # the same attempt, with another content
        await levels.give_back(session, [attempt_id], lines[attempt_id])
        await store.drop_lines(session, [attempt_id])
    has = _quantities(lines.get(order_id, []))
    plan = await use_cases.plan_of(await direct.of(session), needs, command, clock, has)
    if plan.refused:
        await store.set_hold(session, replace(mine, state="REFUSED", answer=None))
        return answers.refused(plan.quoted, command.language)
    expire_time = clock.instant + needs.hold_time
    answer = answers.reserved(plan.quoted, command.language, expire_time)
    await store.set_hold(session, use_cases.held(command, attempt_id, answer, expire_time, plan))
    await use_cases.take(session, attempt_id, _beyond(plan, has))
    return answer


def _quantities(lines: Sequence[Reservation]) -> dict[UUID, int]:
    return summed(Wanted(line.line_id, line.variant_id, line.quantity) for line in lines)


def _beyond(plan: Plan, has: dict[UUID, int]) -> Plan:
    """One line per variant of which there is more."""
    more = {key: total - has.get(key, 0) for key, total in summed(plan.wanted).items()}
    return replace(
        plan, wanted=[Wanted(str(key), key, quantity) for key, quantity in more.items() if quantity > 0]
    )


async def release_beyond(sessions: Sessions, order_id: UUID, attempt_id: UUID) -> None:
    """Gives back what this attempt holds beyond what the order has; nothing once the order was amended by it.
    Remembered, so that a hold that comes later is refused."""
    async with sessions.begin() as session:
        await store.lock_holds(session, [order_id])
        if not await amendments.bury(session, order_id, attempt_id):
            await _give_back(session, attempt_id)


async def _give_back(session: AsyncSession, attempt_id: UUID) -> None:
    """The row of the order must be locked."""
    hold = (await store.lock_holds(session, [attempt_id])).get(attempt_id)
    if hold is None:
        return
    lines = (await store.lines_of(session, [attempt_id])).get(attempt_id, [])
    await levels.lock_levels(session, [line.variant_id for line in lines])
    await use_cases.release(session, hold, attempt_id)


async def settle(
    session: AsyncSession,
    order_id: UUID,
    attempt_id: UUID,
    seen: datetime.datetime,
    until: datetime.datetime | None,
) -> None:
    """What the sweeper decided about a hold that nobody renewed since: kept `until`, or given back."""
    await store.lock_holds(session, [order_id])
    hold = (await store.lock_holds(session, [attempt_id])).get(attempt_id)
    if hold is None or hold.state != "HELD" or hold.expire_time != seen:
        return
    if until is not None:
        await store.renew(session, attempt_id, until)
    else:
        await _give_back(session, attempt_id)


async def lock(session: AsyncSession, facts: Sequence[OrderFact]) -> None:
    """Everything that these facts may touch, in the order that holds everywhere: holds, then levels."""
    order_ids = sorted({fact.order_id for fact in facts})
    attempts = sorted({fact.attempt_id for fact in facts if fact.kind == "AMENDED" and fact.attempt_id})
    await bury_cancelled(session, facts)
    await store.lock_holds(session, order_ids)
    await store.lock_holds(session, attempts)
    lines = await store.lines_of(session, [*order_ids, *attempts])
    await levels.lock_levels(session, [line.variant_id for found in lines.values() for line in found])


async def apply(session: AsyncSession, fact: OrderFact) -> None:
    """The order was amended: it has what its lines are now, and nothing more. Raises HoldMissing."""
    order_id, attempt_id = fact.order_id, fact.attempt_id
    assert attempt_id is not None
    order = (await store.lock_holds(session, [order_id])).get(order_id)
    if order is None:
        raise HoldMissing(f"order {order_id} was amended, and holds nothing")
    if order.state not in _PLACED:  # cancelled in the meantime
        await _give_back(session, attempt_id)
        return
    if order.attempt_id >= attempt_id:
        return
    extra = (await store.lock_holds(session, [attempt_id])).get(attempt_id)
    ids = [order_id, attempt_id] if extra is not None and extra.state == "HELD" else [order_id]
    lines = await store.lines_of(session, ids)
    held = [line for key in ids for line in lines.get(key, [])]
    await levels.lock_levels(session, [line.variant_id for line in held])
    now = fact.time or datetime.datetime.now(datetime.UTC)
    found = await amendments.waiting(session, ids, now)
    waited = [row for key in ids for row in found.get(key, [])]
    try:
        result = amended(fact.wanted, held, waited)
    except Short as short:
        raise HoldMissing(f"order {order_id} was amended by {attempt_id}, which lacks {short}") from short
    await store.drop_lines(session, ids)
    await store.add_lines(session, order_id, result.reservations)
    await amendments.merge(session, order_id, attempt_id, waits=bool(result.waiting))
    await _settle(session, fact, ids, found.get(order_id, []), result)


async def _settle(
    session: AsyncSession, fact: OrderFact, ids: Sequence[UUID], before: Sequence[Waiting], result: Amended
) -> None:
    """What waits queues, and what is free goes to who waits."""
    assert fact.attempt_id is not None
    await amendments.set_waiting(session, fact.order_id, ids, result.waiting)
    await levels.mark_stale(session, await amendments.free(session, result.freed))
    places: list[Place] = [*result.freed, *((row.variant_id, row.warehouse_id) for row in result.waiting)]
    await backorders.fill(session, places)
    if before or result.waiting:
        await backorders.tell_amended(session, fact.order_id, fact.attempt_id, before)
