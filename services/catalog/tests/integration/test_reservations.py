"""Holding stock for orders: idempotent, all or nothing, never twice."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1.stock_pb2 import ReserveStockResponse
from commis.orders.v1 import events_pb2

from catalog.reservations import consumers, firming
from catalog.reservations.domain import ReservationFirm, ReservationReleased
from catalog.reservations.firming import HoldMissing, OrderFact
from catalog.reservations.use_cases import ReserveStock, Reserving, release_stock, reserve_stock
from chassis.consumer import Permanent
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a


async def reserve(needs: Reserving, command: ReserveStock) -> ReserveStockResponse:
    return ReserveStockResponse.FromString(await reserve_stock(needs, command))


async def facts(sessions: Sessions, *found: OrderFact) -> None:
    async with sessions.begin() as session:
        await firming.apply(session, found)


async def state(sessions: Sessions, order_id: UUID) -> str:
    async with sessions() as session:
        found = await session.scalar(
            sa.text("SELECT state FROM stock_holds WHERE order_id = :id"), {"id": order_id}
        )
    return str(found)


@pytest.mark.spec("C-21")
async def test_lines_are_priced_and_held(sessions: Sessions) -> None:
    chair, table = await a.a_variant(sessions, stock=10), await a.a_variant(sessions, stock=5, price="99.99")
    answer = await reserve(a.reserving(sessions), a.a_reservation([a.a_line(chair, 3), a.a_line(table, 2)]))
    assert answer.reserved
    assert [line.price.total.units for line in answer.lines] == [30, 199]
    assert answer.expire_time.seconds > 0
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 3), (5, 2))
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-21")
async def test_two_lines_of_one_variant_are_one_taking(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=5)
    needs = a.reserving(sessions)
    short = await reserve(needs, a.a_reservation([a.a_line(chair, 3), a.a_line(chair, 3)]))
    assert not short.reserved
    assert [line.refusal.reason for line in short.lines] == ["STOCK_SHORTAGE", "STOCK_SHORTAGE"]
    assert await a.level(sessions, chair) == (5, 0)
    assert (await reserve(needs, a.a_reservation([a.a_line(chair, 3), a.a_line(chair, 2)]))).reserved
    assert await a.level(sessions, chair) == (5, 5)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-21")
async def test_nothing_is_held_when_one_line_is_refused(sessions: Sessions) -> None:
    chair, table = await a.a_variant(sessions, stock=10), await a.a_variant(sessions, stock=1)
    free = await a.a_variant(sessions, price=None, stock=4)
    lines = [a.a_line(chair, 3), a.a_line(table, 2), a.a_line(free), a.Line("x", new_id(), "", 1)]
    answer = await reserve(a.reserving(sessions), a.a_reservation(lines))
    reasons = [line.refusal.reason for line in answer.lines]
    assert reasons == ["", "STOCK_SHORTAGE", "NO_PRICE", "VARIANT_NOT_FOUND"]
    assert answer.lines[1].refusal.available_quantity == 1
    assert await a.level(sessions, chair) == (10, 0)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-23")
async def test_a_shortage_says_what_there_is_and_when_more_comes(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=2)
    async with sessions.begin() as session:
        await session.execute(sa.text("UPDATE stock_levels SET expected_date = '2999-05-04'"))
    answer = await reserve(a.reserving(sessions), a.a_reservation([a.a_line(chair, 3)]))
    refusal = answer.lines[0].refusal
    assert (refusal.reason, refusal.available_quantity) == ("STOCK_SHORTAGE", 2)
    assert (refusal.expected_date.year, refusal.expected_date.month, refusal.expected_date.day) == (
        2999,
        5,
        4,
    )
    assert answer.lines[0].availability.state == answer.lines[0].availability.STATE_PARTLY


@pytest.mark.spec("C-21")
async def test_the_same_attempt_again_gives_the_same_answer(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    command = a.a_reservation([a.a_line(chair, 4)])
    first = await reserve(a.reserving(sessions), command)
    second = await reserve(a.reserving(sessions), command)
    assert second.expire_time.ToDatetime() >= first.expire_time.ToDatetime()
    second.expire_time.CopyFrom(first.expire_time)
    assert second == first
    assert await a.level(sessions, chair) == (10, 4)


@pytest.mark.spec("C-21")
async def test_other_lines_replace_the_hold(sessions: Sessions) -> None:
    chair, table = await a.a_variant(sessions, stock=10), await a.a_variant(sessions, stock=10)
    needs, order, attempt = a.reserving(sessions), new_id(), new_id()
    await reserve(needs, a.a_reservation([a.a_line(chair, 10)], order_id=order, attempt_id=attempt))
    # All ten again: only possible when the own earlier hold is given back first.
    later = a.a_reservation([a.a_line(chair, 9), a.a_line(table, 1)], order_id=order)
    assert (await reserve(needs, later)).reserved
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 9), (10, 1))
    early = a.a_reservation([a.a_line(chair, 1)], order_id=order, attempt_id=attempt)
    with pytest.raises(ReservationReleased):
        await reserve(needs, early)
    refused = a.a_reservation([a.a_line(chair, 11)], order_id=order)
    assert not (await reserve(needs, refused)).reserved
    assert (await a.level(sessions, chair), await a.level(sessions, table)) == ((10, 0), (10, 0))
    assert (await reserve(needs, a.a_reservation([a.a_line(chair, 2)], order_id=order))).reserved
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-21")
async def test_a_release_that_came_first_is_remembered(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    needs, order, attempt = a.reserving(sessions), new_id(), new_id()
    await release_stock(sessions, order, attempt)
    with pytest.raises(ReservationReleased):
        await reserve(needs, a.a_reservation([a.a_line(chair)], order_id=order, attempt_id=attempt))
    assert (
        await reserve(needs, a.a_reservation([a.a_line(chair)], order_id=order))
    ).reserved  # a later attempt
    await release_stock(sessions, order, None)
    await release_stock(sessions, order, None)
    with pytest.raises(ReservationReleased):
        await reserve(needs, a.a_reservation([a.a_line(chair)], order_id=order))
    assert await a.level(sessions, chair) == (10, 0)


@pytest.mark.spec("C-21")
async def test_releasing_an_attempt_leaves_a_later_one_and_what_is_firm(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    needs, order, early, late = a.reserving(sessions), new_id(), new_id(), new_id()
    line = a.a_line(chair, 2)
    await reserve(needs, a.a_reservation([line], order_id=order, attempt_id=late))
    await release_stock(sessions, order, early)
    assert await a.level(sessions, chair) == (10, 2)
    await facts(sessions, OrderFact("PLACED", order, late, {chair.id: 2}))
    await release_stock(sessions, order, late)
    assert (await a.level(sessions, chair), await state(sessions, order)) == ((10, 2), "FIRM")
    again = await reserve(needs, a.a_reservation([line], order_id=order, attempt_id=late))
    assert again.reserved
    with pytest.raises(ReservationFirm):
        await reserve(needs, a.a_reservation([a.a_line(chair, 3)], order_id=order))
    await release_stock(sessions, order, None)
    assert (await a.level(sessions, chair), await state(sessions, order)) == ((10, 0), "RELEASED")


@pytest.mark.spec("C-22")
async def test_back_orders_and_goods_that_are_not_stock_managed(sessions: Sessions) -> None:
    later = await a.a_variant(sessions, policy="BACKORDER", stock=2)
    bare = await a.a_variant(sessions, policy="BACKORDER")
    book = await a.a_variant(sessions, policy="UNMANAGED")
    needs = a.reserving(sessions)
    answer = await reserve(
        needs, a.a_reservation([a.a_line(later, 5), a.a_line(bare, 3), a.a_line(book, 99)])
    )
    assert answer.reserved
    states = [line.availability.state for line in answer.lines]
    shown = answer.lines[0].availability
    assert states == [shown.STATE_BACKORDER, shown.STATE_BACKORDER, shown.STATE_TO_ORDER]
    assert (await a.level(sessions, later), await a.level(sessions, bare)) == ((2, 5), (0, 3))
    assert await a.level(sessions, book) == (0, 0)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-20", "C-21")
async def test_the_first_warehouse_with_enough_else_several(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=3)
    second = await a.some_stock(sessions, chair, 5, "SECOND")
    needs = a.reserving(sessions)

    async def reserved_in(warehouse: UUID) -> int:
        async with sessions() as session:
            found = await session.scalar(
                sa.text("SELECT reserved FROM stock_levels WHERE warehouse_id = :id"), {"id": warehouse}
            )
        return int(found or 0)

    assert (await reserve(needs, a.a_reservation([a.a_line(chair, 4)]))).reserved
    assert await reserved_in(second) == 4
    assert (await reserve(needs, a.a_reservation([a.a_line(chair, 2), a.a_line(chair, 2)]))).reserved
    assert await a.level(sessions, chair) == (8, 8)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-20", "C-21")
async def test_placed_shipped_cancelled(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    needs = a.reserving(sessions)
    shipped, cancelled, unknown = new_id(), new_id(), new_id()
    attempts = {shipped: new_id(), cancelled: new_id()}
    for order, attempt in attempts.items():
        await reserve(needs, a.a_reservation([a.a_line(chair, 3)], order_id=order, attempt_id=attempt))
    placed = [OrderFact("PLACED", order, attempt, {chair.id: 3}) for order, attempt in attempts.items()]
    ends = [OrderFact("SHIPPED", shipped), OrderFact("CANCELLED", cancelled)]
    await facts(sessions, *placed, *ends, *ends)  # the same facts twice in one batch
    await facts(sessions, *placed, OrderFact("CANCELLED", unknown), OrderFact("CANCELLED", shipped))
    assert await a.level(sessions, chair) == (7, 0)
    assert [await state(sessions, order) for order in (shipped, cancelled, unknown)] == [
        "SHIPPED",
        "RELEASED",
        "RELEASED",
    ]
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-20", "C-22")
async def test_a_shipped_back_order_corrects_the_count_first(sessions: Sessions) -> None:
    later = await a.a_variant(sessions, policy="BACKORDER", stock=2)
    needs, order, attempt = a.reserving(sessions), new_id(), new_id()
    await reserve(needs, a.a_reservation([a.a_line(later, 5)], order_id=order, attempt_id=attempt))
    await facts(sessions, OrderFact("PLACED", order, attempt, {later.id: 5}), OrderFact("SHIPPED", order))
    assert await a.level(sessions, later) == (0, 0)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-21")
async def test_an_order_placed_without_its_hold_is_set_aside(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=10)
    order = new_id()
    with pytest.raises(HoldMissing):
        await facts(sessions, OrderFact("PLACED", order, new_id(), {chair.id: 1}))
    event = events_pb2.OrderPlaced(order_id=str(order), attempt_id=str(new_id()))
    async with sessions.begin() as session:
        with pytest.raises(Permanent):
            await consumers.apply_order_facts(session, [(event, None, None)])
    # Another attempt of the same order holds the very same lines: that is good enough.
    command = a.a_reservation([a.a_line(chair, 2)], order_id=order)
    await reserve(a.reserving(sessions), command)
    await facts(sessions, OrderFact("PLACED", order, new_id(), {chair.id: 2}))
    assert await state(sessions, order) == "FIRM"


@pytest.mark.spec("C-21")
async def test_500_orders_for_100_pieces_sell_100(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=100)
    needs = a.reserving(sessions)
    gate = asyncio.Semaphore(20)

    async def one() -> bool:
        async with gate:
            return (await reserve(needs, a.a_reservation([a.a_line(chair)]))).reserved

    results = await asyncio.gather(*(one() for _ in range(500)))
    assert sum(results) == 100
    assert await a.level(sessions, chair) == (100, 100)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-21")
async def test_32_clients_with_lines_in_any_order_never_deadlock(sessions: Sessions) -> None:
    variants = [await a.a_variant(sessions, stock=400) for _ in range(6)]
    needs = a.reserving(sessions)
    random.seed(7)
    chance = random.Random(7)
    sold = dict.fromkeys(variants, 0)
    gate = asyncio.Semaphore(20)  # as many as there are connections; 32 clients take turns

    async def client(number: int) -> None:
        for _ in range(12):
            lines = [(variant, chance.randint(1, 3)) for variant in chance.sample(variants, 5)]
            async with gate:
                answer = await reserve(needs, a.a_reservation([a.a_line(v, q) for v, q in lines]))
            if answer.reserved:
                for variant, quantity in lines:
                    sold[variant] += quantity

    await asyncio.gather(*(client(number) for number in range(32)))
    for variant in variants:
        assert await a.level(sessions, variant) == (400, sold[variant])
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-20", "C-21")
async def test_any_interleaving_keeps_the_ledger(sessions: Sessions) -> None:
    """Reserve, replace, release, place, ship and cancel at random, many at once."""
    variants = [await a.a_variant(sessions, stock=30), await a.a_variant(sessions, stock=30),
                await a.a_variant(sessions, stock=5, policy="BACKORDER")]  # fmt: skip
    await a.some_stock(sessions, variants[0], 10, "SECOND")
    needs = a.reserving(sessions)
    chance = random.Random(11)
    orders = [new_id() for _ in range(24)]
    gate = asyncio.Semaphore(18)

    async def reserve_some(order: UUID, attempt: UUID) -> dict[UUID, int]:
        lines = [(variant, chance.randint(1, 4)) for variant in chance.sample(variants, chance.randint(1, 3))]
        command = a.a_reservation([a.a_line(v, q) for v, q in lines], order_id=order, attempt_id=attempt)
        answer = await reserve(needs, command)
        return {variant.id: quantity for variant, quantity in lines} if answer.reserved else {}

    async def live(order: UUID) -> None:
        for _ in range(8):
            async with gate:
                attempt = new_id()
                try:
                    held = await reserve_some(order, attempt)
                    match chance.randrange(6):
                        case 0:
                            await release_stock(sessions, order, attempt)
                        case 1 if held:
                            await facts(sessions, OrderFact("PLACED", order, attempt, held))
                        case 2 if held:
                            await facts(
                                sessions,
                                OrderFact("PLACED", order, attempt, held),
                                OrderFact("SHIPPED", order),
                            )
                        case 3:
                            others = chance.sample(orders, 3)
                            await facts(sessions, *(OrderFact("CANCELLED", other) for other in others))
                except (ReservationFirm, ReservationReleased, HoldMissing):
                    pass  # the order went on otherwise in the meantime

    await asyncio.gather(*(live(order) for order in orders))
    await a.assert_ledger_holds(sessions)
