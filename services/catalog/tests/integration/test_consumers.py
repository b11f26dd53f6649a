"""Order events through a real broker: each takes effect once, also when it comes twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from commis.orders.v1 import events_pb2
from nats.aio.client import Client as NatsClient

from catalog.reservations.consumers import ORDERS
from catalog.reservations.use_cases import reserve_stock
from chassis import broker
from chassis.consumer import Consumer
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a


async def publish(nats: NatsClient, subject: str, event: Any, identity: str) -> None:
    headers = {
        "ce-id": identity,
        "ce-type": event.DESCRIPTOR.full_name,
        "ce-source": "/orders",
        "ce-subject": event.order_id,
        "ce-time": "2026-11-21T10:00:00Z",
        "ce-specversion": "1.0",
    }
    await nats.jetstream().publish(f"commis.orders.v1.{subject}", event.SerializeToString(), headers=headers)


@pytest.mark.spec("C-20", "C-21")
async def test_placed_shipped_and_cancelled_take_effect_once(
    sessions: Sessions, nats_client: NatsClient
) -> None:
    chair = await a.a_variant(sessions, stock=10)
    await broker.ensure_stream(nats_client.jetstream(), "orders")
    orders = [(new_id(), new_id()) for _ in range(3)]
    for order, attempt in orders:
        command = a.a_reservation([a.a_line(chair, 2)], order_id=order, attempt_id=attempt)
        await reserve_stock(a.reserving(sessions), command)
    consumer = Consumer(sessions, nats_client, ORDERS)
    running = asyncio.create_task(consumer.run())
    for order, attempt in orders:
        lines = [events_pb2.PlacedLine(variant_id=str(chair.id), quantity=2)]
        event = events_pb2.OrderPlaced(order_id=str(order), attempt_id=str(attempt), lines=lines)
        for _ in range(2):  # delivered twice
            await publish(nats_client, "order_placed", event, str(order))
    shipped, cancelled = events_pb2.OrderShipped(order_id=str(orders[0][0])), events_pb2.OrderCancelled()
    cancelled.order_id = str(orders[1][0])
    for _ in range(2):
        await publish(nats_client, "order_shipped", shipped, str(new_id()))
        await publish(nats_client, "order_cancelled", cancelled, str(new_id()))
    wanted = {orders[0][0]: "SHIPPED", orders[1][0]: "RELEASED", orders[2][0]: "FIRM"}
    async with asyncio.timeout(20):
        while await _states(sessions) != wanted:
            await asyncio.sleep(0.05)
    await consumer.stop()
    await running
    assert await a.level(sessions, chair) == (8, 2)
    await a.assert_ledger_holds(sessions)


async def _states(sessions: Sessions) -> dict[Any, str]:
    async with sessions() as session:
        rows = (await session.execute(sa.text("SELECT order_id, state FROM stock_holds"))).all()
    return {row.order_id: row.state for row in rows}
