"""What a shipment writes, in the transaction of a change of its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from chassis.ids import new_id
from orders.fulfilment.changing import Change
from orders.shipments import domain, events, store
from orders.shipments.domain import Consignment, Leaving, Shipment, ShippedLine


async def add(
    change: Change, consignment: Consignment, leaving: Sequence[Leaving], *, position: int, complete: bool
) -> Shipment:
    """The shipment with its public fact; the order has its new state and version already."""
    if not consignment.weight_grams:
        consignment = replace(consignment, weight_grams=domain.weight_of(leaving))
    shipment = Shipment(
        id=new_id(),
        order_id=change.order.id,
        position=position,
        version=1,
        consignment=consignment,
        lines=tuple(
            ShippedLine(each.line.id, each.quantity, each.line.quote.sku, each.line.quote.description)
            for each in leaving
        ),
        ship_time=change.now,
    )
    await store.insert(change.connection, shipment, leaving)
    events.created(change.session, change.order, shipment.id, leaving, complete=complete)
    return shipment


async def ship_everything(change: Change) -> UUID | None:
    """One shipment of all that is open; none when nothing is."""
    shipments = await store.shipments_of(change.connection, change.order.id)
    leaving = domain.everything(await store.what_is_open(change.connection, change.order, shipments))
    if not leaving:
        return None
    added = await add(change, Consignment(), leaving, position=len(shipments) + 1, complete=True)
    return added.id


async def deliver_everything(change: Change) -> None:
    """Every shipment that is under way."""
    shipments = await store.shipments_of(change.connection, change.order.id)
    under_way = [each.id for each in shipments if each.deliver_time is None]
    await store.deliver(change.connection, under_way, change.now)
    for shipment_id in under_way:
        events.delivered(change.session, change.order, shipment_id)
