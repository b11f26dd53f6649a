"""The public facts of payments: ids, states and amounts, never an address of a page or a token."""

from __future__ import annotations

import datetime
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from orders import wire
from orders.attribution import attribution
from orders.domain.model import Order
from orders.domain.parties import Party
from orders.payments.domain import OnlinePayment

# Who acts when the provider told something.
PROVIDER = Party("SERVICE", "payments")


def changed(session: AsyncSession, order: Order, payment: OnlinePayment) -> None:
    """Published with the transaction."""
    told = attribution(order.update_time, account_id=order.account_id, order_id=order.id)
    if not told.actor.id:
        told.actor.kind = common_pb2.PARTY_KIND_SERVICE
        told.actor.id = PROVIDER.id
        told.channel = common_pb2.CHANNEL_API
    event = events_pb2.PaymentChanged(
        attribution=told,
        order_id=str(order.id),
        account_id=str(order.account_id),
        payment_id=str(payment.id),
        state=payment.state,
        amount=wire.amount(payment.amount, payment.currency),
        refunded=wire.amount(payment.refunded, payment.currency),
        order_payment_state=order.payment_state,
        aggregate_version=order.version,
    )
    outbox.add(
        session,
        event,
        subject="commis.orders.v1.payment_changed",
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )


def link_requested(session: AsyncSession, order: Order, link_id: UUID, now: datetime.datetime) -> None:
    """Published with the transaction."""
    event = events_pb2.PaymentLinkRequested(
        attribution=attribution(now, account_id=order.account_id, order_id=order.id),
        order_id=str(order.id),
        account_id=str(order.account_id),
        payment_link_id=str(link_id),
    )
    outbox.add(
        session,
        event,
        subject="commis.orders.v1.payment_link_requested",
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )
