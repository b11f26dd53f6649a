"""The public facts of shipments: ids and quantities only."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from orders.attribution import assistance, attribution
from orders.domain.model import Order
from orders.shipments.domain import Leaving


def created(
    session: AsyncSession, order: Order, shipment_id: UUID, leaving: Iterable[Leaving], *, complete: bool
) -> None:
    event = events_pb2.ShipmentCreated(
        attribution=attribution(order.update_time, account_id=order.account_id, order_id=order.id),
        order_id=str(order.id),
        number=order.number,
        account_id=str(order.account_id),
        shipment_id=str(shipment_id),
        lines=[
            events_pb2.ShippedLine(
                line_id=str(each.line.id), variant_id=str(each.line.quote.variant_id), quantity=each.quantity
            )
            for each in leaving
        ],
        complete=complete,
        assistance=assistance(order.parties),
        aggregate_version=order.version,
    )
    _add(session, order, "shipment_created", event)


def delivered(session: AsyncSession, order: Order, shipment_id: UUID) -> None:
    event = events_pb2.ShipmentDelivered(
        attribution=attribution(order.update_time, account_id=order.account_id, order_id=order.id),
        order_id=str(order.id),
        account_id=str(order.account_id),
        shipment_id=str(shipment_id),
        aggregate_version=order.version,
    )
    _add(session, order, "shipment_delivered", event)


def _add(
    session: AsyncSession,
    order: Order,
    fact: str,
    event: events_pb2.ShipmentCreated | events_pb2.ShipmentDelivered,
) -> None:
    outbox.add(
        session,
        event,
        subject=f"commis.orders.v1.{fact}",
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )
