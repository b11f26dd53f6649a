"""Statements on shipments. The order's row must be locked by whoever writes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from orders import direct
from orders.domain.model import Order
from orders.shipments.domain import (
    Consignment,
    Leaving,
    OpenLine,
    Shipment,
    ShippedLine,
    Waiting,
    open_lines,
)

_LIST = direct.statement("""
    SELECT s.*, l.line_ids, l.quantities, l.skus, l.descriptions
    FROM shipments s CROSS JOIN LATERAL (
        SELECT array_agg(x.line_id ORDER BY o.position) AS line_ids,
            array_agg(x.quantity ORDER BY o.position) AS quantities, array_agg(o.sku ORDER BY o.position) AS skus,
            array_agg(o.description ORDER BY o.position) AS descriptions
        FROM shipment_lines x JOIN order_lines o ON o.order_id = x.order_id AND o.id = x.line_id
        WHERE x.order_id = s.order_id AND x.shipment_id = s.id
    ) l WHERE s.order_id = :order_id ORDER BY s.position""")
_WAITING = direct.statement("""
    SELECT line_id, CAST(sum(missing) AS int) AS missing, max(expected_date) AS expected_date
    FROM line_backorders
    WHERE order_id = :order_id AND missing > 0 AND (attempt_id IS NULL OR attempt_id >= :attempt) GROUP BY line_id""")
_ORDER_OF = direct.statement("SELECT order_id FROM shipments WHERE id = :id")
_INSERT = direct.statement("""
    WITH s AS (
        INSERT INTO shipments (id, order_id, position, version, carrier, tracking_number, tracking_address,
            weight_grams, ship_time)
        VALUES (:id, :order_id, :position, 1, :carrier, :tracking_number, :tracking_address, :weight_grams,
            :ship_time) RETURNING id, order_id
    )
    INSERT INTO shipment_lines (order_id, line_id, shipment_id, quantity)
    SELECT s.order_id, x.line_id, s.id, x.quantity
    FROM s, unnest(CAST(:lines AS uuid[]), CAST(:quantities AS int[])) AS x(line_id, quantity)""")
_CHANGE = direct.statement("""
    UPDATE shipments SET version = :version, carrier = :carrier, tracking_number = :tracking_number,
        tracking_address = :tracking_address, weight_grams = :weight_grams WHERE id = :id""")
_DELIVER = direct.statement("""
    UPDATE shipments SET version = version + 1, deliver_time = :time
    WHERE id = ANY(CAST(:ids AS uuid[])) AND deliver_time IS NULL""")


def _shipment(row: Any) -> Shipment:
    columns = (row["line_ids"], row["quantities"], row["skus"], row["descriptions"])
    return Shipment(
        id=row["id"],
        order_id=row["order_id"],
        position=row["position"],
        version=row["version"],
        consignment=Consignment(
            row["carrier"], row["tracking_number"], row["tracking_address"], row["weight_grams"]
        ),
        lines=tuple(ShippedLine(*each) for each in zip(*columns, strict=True)),
        ship_time=row["ship_time"],
        deliver_time=row["deliver_time"],
    )


async def order_of(connection: AsyncConnection, shipment_id: UUID) -> UUID | None:
    row = await direct.first(connection, _ORDER_OF, {"id": shipment_id})
    return None if row is None else row["order_id"]


async def shipments_of(connection: AsyncConnection, order_id: UUID) -> list[Shipment]:
    """In the order of their positions."""
    return [_shipment(row) for row in await direct.rows(connection, _LIST, {"order_id": order_id})]


async def what_is_open(
    connection: AsyncConnection, order: Order, shipments: Iterable[Shipment]
) -> list[OpenLine]:
    """Every line of a placed order; a sheet has nothing to come."""
    if order.place_time is None:
        return []
    shipped: dict[UUID, int] = {}
    for shipment in shipments:
        for line in shipment.lines:
            shipped[line.line_id] = shipped.get(line.line_id, 0) + line.quantity
    attempt = order.claim.attempt if order.claim is not None else UUID(int=0)
    rows = await direct.rows(connection, _WAITING, {"order_id": order.id, "attempt": attempt})
    waiting = {row["line_id"]: Waiting(row["missing"], row["expected_date"]) for row in rows}
    return open_lines(order.lines, shipped, waiting)


async def insert(connection: AsyncConnection, shipment: Shipment, leaving: Sequence[Leaving]) -> None:
    given = _consignment(shipment) | {
        "order_id": shipment.order_id,
        "position": shipment.position,
        "ship_time": shipment.ship_time,
        "lines": [each.line.id for each in leaving],
        "quantities": [each.quantity for each in leaving],
    }
    await direct.first(connection, _INSERT, given)


async def change(connection: AsyncConnection, shipment: Shipment) -> None:
    await direct.first(connection, _CHANGE, _consignment(shipment) | {"version": shipment.version})


async def deliver(connection: AsyncConnection, shipments: Iterable[UUID], time: datetime.datetime) -> None:
    await direct.first(connection, _DELIVER, {"ids": list(shipments), "time": time})


def _consignment(shipment: Shipment) -> dict[str, Any]:
    travels = shipment.consignment
    return {
        "id": shipment.id,
        "carrier": travels.carrier,
        "tracking_number": travels.tracking_number,
        "tracking_address": travels.tracking_address,
        "weight_grams": travels.weight_grams,
    }
