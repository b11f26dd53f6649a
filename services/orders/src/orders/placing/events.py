"""The public fact of a placed order."""

from __future__ import annotations

import datetime
from uuid import UUID

from commis.orders.v1 import events_pb2

from orders import wire
from orders.attribution import assistance, attribution
from orders.domain.model import Order

SUBJECT = "commis.orders.v1.order_placed"


def order_placed(order: Order, attempt: UUID, day: datetime.date) -> events_pb2.OrderPlaced:
    """`attempt` tells the holders which hold became firm; ids, states and amounts only."""
    return events_pb2.OrderPlaced(
        attribution=attribution(order.update_time, account_id=order.account_id, order_id=order.id),
        order_id=str(order.id),
        number=order.number,
        account_id=str(order.account_id),
        payer_account_id=order.parties.payer.id,
        payment_method=order.header.payment_method or "",
        total=wire.amount(order.totals.total, order.currency),
        lines=[
            events_pb2.PlacedLine(
                line_id=str(line.id),
                variant_id=str(line.quote.variant_id),
                quantity=line.quantity,
                total=wire.amount(line.total, order.currency),
                budget_code=line.budget_code,
            )
            for line in order.lines
        ],
        attempt_id=str(attempt),
        place_date=wire.date(day),
        rep_code=order.parties.rep_code,
        assistance=assistance(order.parties),
        aggregate_version=order.version,
    )
