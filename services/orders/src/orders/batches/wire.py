"""Answers as messages, and what catalog's own messages say of a line."""

from __future__ import annotations

from decimal import Decimal

from commis.catalog.v1 import pricing_pb2
from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import orders_pb2

from chassis import money
from orders import wire
from orders.batches.domain import Answer, Outcome
from orders.domain.model import Order, Quote
from orders.domain.states import State

_OUTCOMES = {
    name.removeprefix("OUTCOME_"): number for name, number in pb.UploadOrdersResponse.Outcome.items()
}


def answer(value: Answer) -> pb.UploadOrdersResponse:
    return pb.UploadOrdersResponse(
        order_id=value.order_id,
        outcome=_OUTCOMES[value.outcome],
        number=value.number,
        state=wire.state(value.state),
        reasons=[
            orders_pb2.PlacementObstacle(field=each.field, reason=each.reason, description=each.description)
            for each in value.reasons
        ],
        shared_order=value.shared,
    )


def placed(order: Order) -> pb.UploadOrdersResponse:
    """Spending control may have let it wait instead."""
    outcome = Outcome.PLACED if order.number else Outcome.NEEDS_ATTENTION
    return answer(Answer(str(order.id), outcome, order.number, State(order.state)))


def price_now(quote: Quote) -> Decimal:
    """Per unit after discount, in the basis of the order."""
    price = pricing_pb2.LinePrice.FromString(quote.price)
    shown = price.unit_gross if quote.tax_inclusive else price.unit_net
    return money.price_from_proto(shown)[0] if shown.currency_code else quote.unit_price


def available(quote: Quote) -> int:
    return pricing_pb2.Availability.FromString(quote.availability).available_quantity
