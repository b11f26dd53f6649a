"""Partial shipments: each takes what left with it, once, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2 as catalog_events
from commis.orders.v1 import events_pb2
from nats.aio.client import Client as NatsClient

from catalog.reservations import consumers
from catalog.reservations.consumers import ORDERS
from catalog.reservations.domain import Reservation
from catalog.reservations.firming import OrderFact
from catalog.reservations.shipping import Holding
from chassis import broker
from chassis.consumer import Consumer
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a
from .test_backorders import apply, move, place, placed, reserve, waiting
from .test_consumers import publish


def left(order: UUID, **lines: int) -> OrderFact:
    return OrderFact("LEFT", order, lines=lines)


async def movements(sessions: Sessions) -> list[tuple[str, int]]:
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT kind, quantity FROM stock_movements WHERE order_id IS NOT NULL ORDER BY id")
        )
    return [(row.kind, row.quantity) for row in rows]


async def states(sessions: Sessions) -> dict[Any, str]:
    async with sessions() as session:
        rows = (await session.execute(sa.text("SELECT order_id, state FROM stock_holds"))).all()
    return {row.order_id: row.state for row in rows}


@pytest.mark.spec("O-32", "C-20")
async def test_each_shipment_takes_what_left_with_it(sessions: Sessions) -> None:
    chair, lamp = await a.a_variant(sessions, stock=10), await a.a_variant(sessions, stock=5)
    fact = await reserve(
        sessions,
        a.a_line(chair, 4, line_id="c"),
        a.a_line(lamp, 2, line_id="l"),
        a.a_line(chair, 3, line_id="d"),
    )
    order = await place(sessions, fact)
    await apply(sessions, left(order, c=1, d=3))
    assert (await a.level(sessions, chair), await a.level(sessions, lamp)) == ((6, 3), (5, 2))
    assert await states(sessions) == {order: "FIRM"}
    await apply(sessions, left(order, c=2), left(order, c=1, l=2))
    assert (await a.level(sessions, chair), await a.level(sessions, lamp)) == ((3, 0), (3, 0))
    assert await states(sessions) == {order: "SHIPPED"}
    assert sorted(await movements(sessions)) == [("SHIPMENT", quantity) for quantity in (-3, -2, -2, -1, -1)]
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("O-32", "C-21")
async def test_what_was_split_over_warehouses_leaves_them_in_their_order(sessions: Sessions) -> None:
    chair = await a.a_variant(sessions, stock=3)
    second = await a.some_stock(sessions, chair, 4, "SECOND")
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 5, line_id="c")))
    await apply(sessions, left(order, c=4))
    async with sessions() as session:
        found = await session.execute(
            sa.text("SELECT on_hand, reserved FROM stock_levels WHERE warehouse_id = :id"), {"id": second}
        )
        assert tuple(found.one()) == (3, 1)
    assert await a.level(sessions, chair) == (3, 1)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("O-32", "C-22")
async def test_the_pieces_that_are_there_leave_first_and_the_rest_goes_on_waiting(sessions: Sessions) -> None:
    book = await a.a_variant(sessions, policy="BACKORDER", stock=2)
    order = await placed(sessions, book, 5, 0)
    line = str((await reservations(sessions))[0])
    await apply(sessions, left(order, **{line: 2}))
    assert await a.level(sessions, book) == (0, 3)
    assert await waiting(sessions) == [(order, 3)]
    await move(sessions, book, 2)
    assert await waiting(sessions) == [(order, 1)]
    await apply(sessions, left(order, **{line: 3}))  # one more than was counted
    assert await a.level(sessions, book) == (0, 0)
    assert await movements(sessions) == [("SHIPMENT", -2), ("CORRECTION", 1), ("SHIPMENT", -3)]
    assert await waiting(sessions) == []
    assert await states(sessions) == {order: "SHIPPED"}
    await a.assert_ledger_holds(sessions)


async def reservations(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list((await session.execute(sa.text("SELECT line_id FROM stock_reservations"))).scalars())


@pytest.mark.spec("O-32", "C-22")
async def test_what_waits_is_told_when_the_order_is_placed(sessions: Sessions) -> None:
    book = await a.a_variant(sessions, policy="BACKORDER", stock=2)
    fact = await reserve(sessions, a.a_line(book, 5, line_id="b"))
    assert await opened(sessions) == []
    await place(sessions, fact)  # told twice, it happens once
    (event,) = await opened(sessions)
    assert (event.order_id, event.line_id, event.missing_quantity) == (str(fact.order_id), "b", 3)
    assert event.attempt_id == str(fact.attempt_id)
    full = await a.a_variant(sessions, policy="BACKORDER", stock=9)
    await placed(sessions, full, 5, 1)
    assert len(await opened(sessions)) == 1


async def opened(sessions: Sessions) -> list[catalog_events.BackorderOpened]:
    async with sessions() as session:
        rows = await session.execute(
            sa.text("SELECT payload FROM outbox WHERE subject = 'commis.catalog.v1.backorder_opened'")
        )
    return [catalog_events.BackorderOpened.FromString(row.payload) for row in rows]


@pytest.mark.spec("O-32")
async def test_the_fact_that_the_order_is_shipped_takes_nothing_again(sessions: Sessions) -> None:
    """In whatever order the two come; only a fact from before there were shipments takes everything."""
    chair = await a.a_variant(sessions, stock=10)
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 4, line_id="c")))
    old = await place(sessions, await reserve(sessions, a.a_line(chair, 1, line_id="c")))
    shipped = events_pb2.OrderShipped(order_id=str(order), shipment_id=str(new_id()))
    shipment = events_pb2.ShipmentCreated(
        order_id=str(order), lines=[events_pb2.ShippedLine(line_id="c", quantity=1)]
    )
    async with sessions.begin() as session:
        events = [shipped, shipment, shipped, events_pb2.OrderShipped(order_id=str(old))]
        await consumers.apply_order_facts(session, [(event, None, None) for event in events])
    assert await a.level(sessions, chair) == (8, 3)
    assert await states(sessions) == {order: "FIRM", old: "SHIPPED"}
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("O-32", "M-05")
async def test_a_shipment_that_comes_twice_takes_once(sessions: Sessions, nats_client: NatsClient) -> None:
    chair = await a.a_variant(sessions, stock=10)
    await broker.ensure_stream(nats_client.jetstream(), "orders")
    order = await place(sessions, await reserve(sessions, a.a_line(chair, 4, line_id="c")))
    consumer = Consumer(sessions, nats_client, ORDERS)
    running = asyncio.create_task(consumer.run())
    for identity, quantity in ((new_id(), 1), (new_id(), 2)):
        lines = [events_pb2.ShippedLine(line_id="c", variant_id=str(chair.id), quantity=quantity)]
        for _ in range(2):
            event = events_pb2.ShipmentCreated(order_id=str(order), shipment_id=str(identity), lines=lines)
            await publish(nats_client, "shipment_created", event, str(identity))
    end = events_pb2.OrderShipped(order_id=str(await placed(sessions, chair, 1, 0)))
    await publish(nats_client, "order_shipped", end, str(new_id()))
    async with asyncio.timeout(20):
        while (await states(sessions))[UUID(end.order_id)] != "SHIPPED":
            await asyncio.sleep(0.05)
    await consumer.stop()
    await running
    assert await a.level(sessions, chair) == (6, 1)
    assert (await states(sessions))[order] == "FIRM"
    await a.assert_ledger_holds(sessions)


def test_never_more_leaves_than_is_held() -> None:
    order, variant, warehouse = new_id(), new_id(), new_id()
    holding = Holding(
        order, [Reservation("a", variant, 2, ((warehouse, 2),)), Reservation("free", variant, 3, ())]
    )
    gone = holding.leave({"a": 5, "other": 1}, {})
    assert [(one.part.line_id, one.quantity, one.missed) for one in gone] == [("a", 2, 0)]
    assert not holding.empty
    assert holding.leave({"free": 3}, {}) == []  # nobody counts these
    assert holding.empty
