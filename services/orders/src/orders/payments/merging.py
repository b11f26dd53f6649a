"""What is known of a payment, and what the provider tells of it now. Pure."""

from __future__ import annotations

import datetime
from dataclasses import replace

from chassis.ids import new_id
from orders.payments.domain import OnlinePayment, Refund, joined, refund_joined
from orders.payments.ports import PaymentFact, RefundFact


def merged(payment: OnlinePayment, fact: PaymentFact, now: datetime.datetime) -> OnlinePayment:
    """Whatever the order in which facts come, they lead to the same. A refund that was made at the provider itself is
    taken up. Raises ValueError when the fact is about another payment or amount."""
    if payment.provider_id not in ("", fact.provider_id):
        raise ValueError("another payment")
    if (fact.amount.minor, fact.amount.currency) != (payment.amount, payment.currency):
        raise ValueError("another amount")
    refunds = payment.refunds
    for told in fact.refunds:
        refunds = _with(refunds, payment, told, now)
    changed = replace(
        payment,
        provider_id=fact.provider_id,
        state=joined(payment.state, fact.state),
        checkout_address=fact.checkout_address or payment.checkout_address,
        expire_time=fact.expire_time or payment.expire_time,
        refunds=refunds,
    )
    return changed if changed == payment else replace(changed, update_time=now)


def _with(
    refunds: tuple[Refund, ...], payment: OnlinePayment, told: RefundFact, now: datetime.datetime
) -> tuple[Refund, ...]:
    for place, known in enumerate(refunds):
        if known.provider_id == told.provider_id or (not known.provider_id and known.id == told.refund_id):
            state = refund_joined(known.state, told.state)
            changed = replace(known, provider_id=told.provider_id, state=state)
            return (*refunds[:place], changed, *refunds[place + 1 :])
    made = Refund(new_id(), payment.id, told.amount.minor, told.state, now, provider_id=told.provider_id)
    return (*refunds, made)
