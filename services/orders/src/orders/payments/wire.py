"""Payments as messages. The address of the provider's page is in none of them."""

from __future__ import annotations

from commis.orders.v1 import payments_pb2 as pb

from orders.payments.domain import OnlinePayment, Refund
from orders.wire import amount, time

_STATES = {name.removeprefix("STATE_"): number for name, number in pb.Payment.State.items()}
_REFUND_STATES = {name.removeprefix("STATE_"): number for name, number in pb.Refund.State.items()}


def payment(value: OnlinePayment) -> pb.Payment:
    return pb.Payment(
        id=str(value.id),
        order_id=str(value.order_id),
        state=_STATES[value.state],
        amount=amount(value.amount, value.currency),
        refunded=amount(value.refunded, value.currency),
        provider=value.provider,
        create_time=time(value.create_time),
        update_time=time(value.update_time),
        expire_time=time(value.expire_time),
        refunds=[_refund(each, value.currency) for each in value.refunds],
    )


def _refund(value: Refund, currency: str) -> pb.Refund:
    return pb.Refund(
        id=str(value.id),
        state=_REFUND_STATES[value.state],
        amount=amount(value.amount, currency),
        reason=value.reason,
        create_time=time(value.create_time),
    )
