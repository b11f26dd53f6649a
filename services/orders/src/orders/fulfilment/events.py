"""The public facts of an order's life after its sheet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from orders import wire
from orders.attribution import assistance, attribution
from orders.domain.model import Order
from orders.domain.states import Verb

_FACTS: dict[Verb, tuple[str, Any]] = {
    Verb.PROCESS: ("order_processed", events_pb2.OrderProcessed),
    Verb.SHIP: ("order_shipped", events_pb2.OrderShipped),
    Verb.DELIVER: ("order_delivered", events_pb2.OrderDelivered),
    Verb.CLOSE: ("order_closed", events_pb2.OrderClosed),
}


def add(session: AsyncSession, verb: Verb, order: Order, shipment_id: UUID | None = None) -> None:
    """Published with the transaction. A cancelled sheet is no public fact for those who hold nothing of it, but
    whoever holds something of a placing that broke off learns it here. `shipment_id`: with which it became SHIPPED."""
    told = attribution(order.update_time, account_id=order.account_id, order_id=order.id)
    common: dict[str, Any] = {
        "attribution": told,
        "order_id": str(order.id),
        "number": order.number,
        "account_id": str(order.account_id),
        "assistance": assistance(order.parties),
        "total": wire.amount(order.totals.total, order.currency),
        "aggregate_version": order.version,
    }
    if verb is Verb.CANCEL:
        fact = "order_cancelled"
        event: Any = events_pb2.OrderCancelled(
            **common,
            was_placed=order.place_time is not None,
            approval_asked=order.approval is not None,
        )
    else:
        fact, message = _FACTS[verb]
        event = message(**common)
        if shipment_id is not None:
            event.shipment_id = str(shipment_id)
    outbox.add(
        session,
        event,
        subject=f"commis.orders.v1.{fact}",
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )
