"""A placed order changes: what goes beyond is held, what it has stays firm, until the fact makes both its lines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2
from commis.catalog.v1 import stock_pb2 as pb
from commis.orders.v1 import events_pb2 as order_events

from catalog.reservations import amending, backorders
from catalog.reservations.amending import release_beyond, reserve_beyond
from catalog.reservations.consumers import apply_order_facts
from catalog.reservations.domain import ReservationFirm, ReservationReleased, Wanted
from catalog.reservations.firming import HoldMissing, OrderFact
from catalog.reservations.use_cases import release_stock, reserve_stock
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a
from .test_backorders import apply, place, reserve
from .test_sweeper import FakeOrders, sweeper

pytestmark = pytest.mark.spec("N-09", "C-21")


async def beyond(
    sessions: Sessions, order: UUID, *lines: a.Line, attempt: UUID | None = None, minutes: float = 15
) -> tuple[UUID, pb.ReserveStockResponse]:
    attempt = attempt or new_id()
    command = a.a_reservation(lines, order_id=order, attempt_id=attempt)
    answer = await reserve_beyond(a.reserving(sessions, minutes), command)
    return attempt, pb.ReserveStockResponse.FromString(answer)


def event(order: UUID, attempt: UUID, *lines: a.Line) -> order_events.OrderAmended:
    placed = [
        order_events.PlacedLine(line_id=line.line_id, variant_id=str(line.variant_id), quantity=line.quantity)
        for line in lines
    ]
    return order_events.OrderAmended(order_id=str(order), attempt_id=str(attempt), lines=placed)


async def tell(sessions: Sessions, *events: Any) -> None:
    async with sessions.begin() as session:
        await apply_order_facts(session, [(each, None, None) for each in events])


async def rows(sessions: Sessions, order: UUID) -> list[tuple[str, int, int]]:
    """Line, quantity and what it has of stock, by line."""
    async with sessions() as session:
        found = await session.execute(
            sa.text(
                "SELECT line_id, quantity, (SELECT coalesce(sum(t), 0) FROM unnest(taken) t) FROM stock_reservations"
                " WHERE order_id = :id ORDER BY line_id"
            ),
            {"id": order},
        )
        return [(row[0], row[1], int(row[2])) for row in found]


async def missing(sessions: Sessions, order: UUID) -> dict[str, int]:
    async with sessions() as session:
        found = await session.execute(
            sa.text("SELECT line_id, missing FROM stock_backorders WHERE order_id = :id AND missing > 0"),
            {"id": order},
        )
        return {row.line_id: row.missing for row in found}


async def opened(sessions: Sessions, order: UUID) -> list[tuple[str, int]]:
    async with sessions() as session:
        found = await session.scalars(
            sa.text("SELECT payload FROM outbox WHERE subject LIKE '%backorder_opened' ORDER BY position")
        )
        told = map(events_pb2.BackorderOpened.FromString, found)
        return [(each.line_id, each.missing_quantity) for each in told if each.order_id == str(order)]


async def test_only_what_goes_beyond_is_held_until_the_order_is_amended(sessions: Sessions) -> None:
    chair, table = await a.a_variant(sessions, stock=10), await a.a_variant(sessions, stock=5)
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 4, "1")))
    more = (a.a_line(chair, 7, "1"), a.a_line(table, 2, "2"))
    attempt, answer = await beyond(sessions, order, *more)
    assert answer.reserved
    assert [line.price.total.units for line in answer.lines] == [70, 20]  # all are priced
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 7), (5, 2))
    assert await rows(sessions, order) == [("1", 4, 4)]
    again = (await beyond(sessions, order, *more, attempt=attempt))[1]
    assert (again.reserved, again.lines == answer.lines) == (True, True)
    assert await a.level(sessions, chair) == (10, 7)
    done = event(order, attempt, *more)
    await tell(sessions, done)
    await tell(sessions, done, done)
    assert await rows(sessions, order) == [("1", 7, 7), ("2", 2, 2)]
    assert await rows(sessions, attempt) == []
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 7), (5, 2))
    await release_beyond(sessions, order, attempt)  # too late
    await release_stock(sessions, order, attempt)
    assert await a.level(sessions, chair) == (10, 7)
    await a.assert_ledger_holds(sessions)
    await apply(sessions, OrderFact("CANCELLED", order))
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 0), (5, 0))


async def test_less_is_given_up_when_the_order_was_amended_and_not_before(sessions: Sessions) -> None:
    chair, table = await a.a_variant(sessions, stock=10), await a.a_variant(sessions, stock=5)
    fact = await reserve(sessions, a.a_line(chair, 4, "1"), a.a_line(chair, 3, "2"), a.a_line(table, 5, "3"))
    order = await place(sessions, fact)
    less = (a.a_line(chair, 4, "1"), a.a_line(chair, 1, "4"))
    attempt, answer = await beyond(sessions, order, *less)
    assert answer.reserved
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 7), (5, 5))
    await tell(sessions, event(order, attempt, *less))
    assert await rows(sessions, order) == [("1", 4, 4), ("4", 1, 1)]
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 5), (5, 0))
    await a.assert_ledger_holds(sessions)


async def test_a_shortage_holds_nothing_and_leaves_the_order_as_it_is(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 4, "1")))
    attempt, answer = await beyond(sessions, order, a.a_line(chair, 11, "1"))
    assert (answer.reserved, answer.lines[0].refusal.reason) == (False, "STOCK_SHORTAGE")
    assert answer.lines[0].refusal.available_quantity == 10
    _, answer = await beyond(sessions, order, a.a_line(chair, 10, "1"), attempt=attempt)
    assert answer.reserved
    assert await a.level(sessions, chair) == (10, 10)


async def test_released_or_replaced_attempts_give_their_part_alone(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 4, "1")))
    first, _ = await beyond(sessions, order, a.a_line(chair, 6, "1"))
    await release_beyond(sessions, order, first)
    await release_beyond(sessions, order, first)
    assert await a.level(sessions, chair) == (10, 4)
    early, second, third = new_id(), new_id(), new_id()
    await release_beyond(sessions, order, early)  # before its hold
    for attempt in (first, early):
        with pytest.raises(ReservationReleased):
            await beyond(sessions, order, a.a_line(chair, 6, "1"), attempt=attempt)
    await beyond(sessions, order, a.a_line(chair, 9, "1"), attempt=third)
    with pytest.raises(ReservationReleased):  # a later one is there
        await beyond(sessions, order, a.a_line(chair, 5, "1"), attempt=second)
    fourth, _ = await beyond(sessions, order, a.a_line(chair, 5, "1"))
    assert await a.level(sessions, chair) == (10, 5)
    await tell(sessions, event(order, fourth, a.a_line(chair, 5, "1")))
    with pytest.raises(ReservationReleased):  # one that was overtaken
        await beyond(sessions, order, a.a_line(chair, 5, "1"), attempt=third)
    await a.assert_ledger_holds(sessions)


async def test_what_is_left_over_is_swept_and_the_firm_part_stays(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    fact = await reserve(sessions, a.a_line(chair, 4, "1"))
    order, orders = await place(sessions, fact), FakeOrders()
    orders.answers[order] = ("PLACED", fact.attempt_id)
    await beyond(sessions, order, a.a_line(chair, 6, "1"), minutes=-1)
    assert await sweeper(sessions, orders).sweep() == 1
    assert await a.level(sessions, chair) == (10, 4)
    attempt, _ = await beyond(sessions, order, a.a_line(chair, 6, "1"), minutes=-1)
    orders.answers[order] = ("PLACED", attempt)  # amends it, or has amended it: the event will say
    assert await sweeper(sessions, orders).sweep() == 1
    assert await a.level(sessions, chair) == (10, 6)
    await tell(sessions, event(order, attempt, a.a_line(chair, 6, "1")))
    assert await sweeper(sessions, orders).sweep() == 0
    assert await rows(sessions, order) == [("1", 6, 6)]
    last, _ = await beyond(sessions, order, a.a_line(chair, 7, "1"), minutes=-1)
    await apply(sessions, OrderFact("CANCELLED", order))
    orders.answers[order] = ("CANCELLED", attempt)
    assert await sweeper(sessions, orders).sweep() == 1
    await tell(sessions, event(order, last, a.a_line(chair, 7, "1")))
    assert await a.level(sessions, chair) == (10, 0)
    await a.assert_ledger_holds(sessions)


async def test_placed_and_amended_may_be_told_at_once_and_before_it_is_firm(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    fact = await reserve(sessions, a.a_line(chair, 4, "1"))
    order, attempt = fact.order_id, new_id()
    await beyond(
        sessions, order, a.a_line(chair, 6, "1"), attempt=attempt
    )  # the fact of placing is on its way
    await release_beyond(sessions, order, attempt)
    assert await a.level(sessions, chair) == (10, 4)
    attempt, _ = await beyond(sessions, order, a.a_line(chair, 6, "1"))
    placed = order_events.OrderPlaced(
        order_id=str(order), attempt_id=str(fact.attempt_id),
        lines=[order_events.PlacedLine(line_id="1", variant_id=str(chair.id), quantity=4)],
    )  # fmt: skip
    amended = event(order, attempt, a.a_line(chair, 6, "1"))
    await tell(sessions, placed, amended, placed)
    assert await rows(sessions, order) == [("1", 6, 6)]
    with pytest.raises(ReservationReleased):
        await beyond(sessions, new_id(), a.a_line(chair, 1, "1"))  # never placed
    await apply(sessions, OrderFact("LEFT", order, lines={"1": 6}))
    assert await a.level(sessions, chair) == (4, 0)
    with pytest.raises(ReservationReleased):
        await beyond(sessions, order, a.a_line(chair, 9, "1"))  # shipped
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-22")
async def test_back_orders_of_an_amended_order_queue_from_the_amendment(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=3, policy="BACKORDER")
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 5, "1")), 1)
    rival = await place(sessions, await reserve(sessions, a.a_line(chair, 2, "1")), 2)
    attempt, answer = await beyond(sessions, order, a.a_line(chair, 5, "1"), a.a_line(chair, 4, "2"))
    assert answer.reserved
    assert await missing(sessions, order) == {"1": 2}
    await tell(sessions, event(order, attempt, a.a_line(chair, 5, "1"), a.a_line(chair, 4, "2")))
    assert await missing(sessions, order) == {"1": 2, "2": 4}
    where = await a.some_stock(sessions, chair, 5)
    async with sessions.begin() as session:
        await backorders.fill(session, [(chair.id, where)])
    assert (await missing(sessions, order), await missing(sessions, rival)) == ({"2": 3}, {})
    less = (a.a_line(chair, 5, "1"), a.a_line(chair, 1, "2"))
    attempt, _ = await beyond(sessions, order, *less)
    await tell(sessions, event(order, attempt, *less))
    assert await missing(sessions, order) == {}
    assert (await opened(sessions, order))[-1] == ("2", 0)  # waits no more
    assert await a.level(sessions, chair) == (8, 8)
    await a.assert_ledger_holds(sessions)


async def test_an_amendment_that_holds_nothing_is_looked_at_by_somebody(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 4, "1")))
    fact = OrderFact("AMENDED", order, new_id(), wanted=(Wanted("1", chair.id, 5),))
    async with sessions() as session:
        with pytest.raises(HoldMissing, match="lacks 1 more"):
            await amending.apply(session, fact)
        with pytest.raises(HoldMissing, match="holds nothing"):
            await amending.apply(session, OrderFact("AMENDED", new_id(), new_id()))
    assert await rows(sessions, order) == [("1", 4, 4)]


async def test_ordinary_attempts_are_refused_as_ever(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 4, "1")))
    command = a.a_reservation([a.a_line(chair, 5, "1")], order_id=order, attempt_id=new_id())
    with pytest.raises(ReservationFirm):
        await reserve_stock(a.reserving(sessions), command)
    assert await a.level(sessions, chair) == (10, 4)
