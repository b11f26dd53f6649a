"""Events of orders that concern held stock. One consumer for all of them, so that they keep their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.reservations import amending, firming
from catalog.reservations.domain import Wanted
from catalog.reservations.firming import OrderFact
from chassis.consumer import Permanent, Subscription
from chassis.envelope import Meta

_PREFIX = "commis.orders.v1"


async def apply_order_facts(session: AsyncSession, events: Sequence[tuple[Any, Any, Any]]) -> None:
    facts = [fact for event, meta, _prepared in events if (fact := _fact(event, meta)) is not None]
    try:
        if any(fact.kind == "AMENDED" for fact in facts):
            await amending.lock(session, facts)
        for is_amended, run in groupby(facts, key=lambda fact: fact.kind == "AMENDED"):
            if not is_amended:
                await firming.apply(session, list(run))
                continue
            for fact in run:
                await amending.apply(session, fact)
    except firming.HoldMissing as missing:
        raise Permanent(str(missing)) from missing


def _fact(event: Any, meta: Meta | None) -> OrderFact | None:
    order_id = UUID(event.order_id)
    if isinstance(event, events_pb2.OrderPlaced):
        quantities: dict[UUID, int] = {}
        for line in event.lines:
            variant_id = UUID(line.variant_id)
            quantities[variant_id] = quantities.get(variant_id, 0) + line.quantity
        attempt = UUID(event.attempt_id) if event.attempt_id else order_id
        return OrderFact("PLACED", order_id, attempt, quantities, meta.time if meta else None)
    if isinstance(event, events_pb2.OrderAmended):
        lines = tuple(Wanted(line.line_id, UUID(line.variant_id), line.quantity) for line in event.lines)
        time = meta.time if meta else None
        return OrderFact("AMENDED", order_id, UUID(event.attempt_id), time=time, wanted=lines)
    if isinstance(event, events_pb2.OrderCancelled):
        return OrderFact("CANCELLED", order_id)
    if isinstance(event, events_pb2.ShipmentCreated):
        left: dict[str, int] = {}
        for shipped in event.lines:
            left[shipped.line_id] = left.get(shipped.line_id, 0) + shipped.quantity
        return OrderFact("LEFT", order_id, lines=left)
    if isinstance(event, events_pb2.OrderShipped) and not event.shipment_id:
        return OrderFact("SHIPPED", order_id)  # from before there were shipments
    return None


ORDERS = Subscription(
    stream="COMMIS_ORDERS",
    durable="catalog-stock-holds",
    subjects=tuple(
        f"{_PREFIX}.{fact}"
        for fact in ("order_placed", "order_amended", "order_cancelled", "order_shipped", "shipment_created")
    ),
    handle_many=apply_order_facts,
    linger=0.25,  # a hold that turns firm a little later is held all the same; together they cost less
)
