"""Expired holds end only after orders said that nothing was placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from catalog.ports import Placement
from catalog.reservations.sweeper import Sweeper
from catalog.reservations.use_cases import reserve_stock
from chassis.db import Sessions
from chassis.errors import DependencyFailed
from chassis.ids import new_id

from .. import factories as a


@dataclass
class FakeOrders:
    answers: dict[UUID, tuple[str, UUID | None]] = field(default_factory=dict)
    away: bool = False

    async def placements(self, order_ids: Sequence[UUID]) -> Sequence[Placement]:
        if self.away:
            raise DependencyFailed("orders")
        return [
            Placement(order_id, *self.answers[order_id]) for order_id in order_ids if order_id in self.answers
        ]


async def held(
    sessions: Sessions, chair: a.AVariant, order: UUID, attempt: UUID, minutes: float = -1
) -> None:
    await reserve_stock(
        a.reserving(sessions, minutes), a.a_reservation([a.a_line(chair)], order_id=order, attempt_id=attempt)
    )


def sweeper(sessions: Sessions, orders: FakeOrders) -> Sweeper:
    return Sweeper(sessions, orders, hold_time=timedelta(minutes=15), every_seconds=60)


async def states(sessions: Sessions) -> dict[UUID, str]:
    async with sessions() as session:
        rows = (await session.execute(sa.text("SELECT order_id, state FROM stock_holds"))).all()
    return {row.order_id: row.state for row in rows}


@pytest.mark.spec("C-21")
async def test_what_orders_says_decides(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=100)
    orders = FakeOrders()
    expected: dict[UUID, str] = {}
    for state, becomes in (
        ("NOT_PLACED", "RELEASED"), ("UNKNOWN", "RELEASED"), ("CANCELLED", "RELEASED"), ("IN_PROGRESS", "HELD"),
        ("PLACED", "FIRM"),
    ):  # fmt: skip
        order, attempt = new_id(), new_id()
        await held(sessions, chair, order, attempt)
        orders.answers[order] = (state, attempt)
        expected[order] = becomes
    unanswered, young, other = new_id(), new_id(), new_id()
    await held(sessions, chair, unanswered, new_id())
    await held(sessions, chair, young, new_id(), minutes=5)
    await held(sessions, chair, other, new_id())
    orders.answers |= {young: ("NOT_PLACED", None), other: ("PLACED", new_id())}
    expected |= {unanswered: "HELD", young: "HELD", other: "HELD"}
    assert await sweeper(sessions, orders).sweep() == 6
    assert await states(sessions) == expected
    assert await a.level(sessions, chair) == (100, 5)
    assert await sweeper(sessions, orders).sweep() == 0  # those under way have time again
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-21")
async def test_holds_stay_while_orders_cannot_answer(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order = new_id()
    await held(sessions, chair, order, new_id())
    with pytest.raises(DependencyFailed):
        await sweeper(sessions, FakeOrders(away=True)).sweep()
    assert await states(sessions) == {order: "HELD"}


@pytest.mark.spec("C-21")
async def test_a_hold_renewed_while_orders_was_asked_stays(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order, attempt = new_id(), new_id()
    line = a.a_line(chair)
    command = a.a_reservation([line], order_id=order, attempt_id=attempt)
    await reserve_stock(a.reserving(sessions, -1), command)

    class Slow(FakeOrders):
        async def placements(self, order_ids: Sequence[UUID]) -> Sequence[Placement]:
            await reserve_stock(a.reserving(sessions), command)  # the same attempt again
            return [Placement(order, "NOT_PLACED", None)]

    await sweeper(sessions, Slow()).sweep()
    assert await states(sessions) == {order: "HELD"}
    assert await a.level(sessions, chair) == (10, 1)
