"""What becomes of payments and refunds, whatever the provider tells, in whichever order and however often. Pure.

States only climb: a fact that ranks below what is known changes nothing, so late, doubled and swapped facts all lead to
the same end. Money that has come in ranks above everything, also above an end that was told before.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from chassis.ids import new_id
from orders.domain.model import Order, PaymentMethod
from orders.domain.states import PaymentState, State


class Payment(StrEnum):
    """As Mollie names them, in the order in which they overrule each other."""

    OPEN = "OPEN"
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    EXPIRED = "EXPIRED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    PAID = "PAID"


class RefundState(StrEnum):
    """A refund may fail after it seemed done, for example because the bank account was closed."""

    PENDING = "PENDING"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"


_RANK = {state: rank for rank, state in enumerate(Payment)}
_REFUND_RANK = {state: rank for rank, state in enumerate(RefundState)}
UNDER_WAY = frozenset((Payment.OPEN, Payment.PENDING, Payment.AUTHORIZED))
# Of orders that can be paid by whoever ordered: the residence gets its own bill.
_NOT_ONLINE = PaymentMethod.MONTHLY_RESIDENCE
_PAYABLE = frozenset((State.PLACED, State.PROCESSING, State.SHIPPED, State.DELIVERED, State.CLOSED))
_BOUND = frozenset((PaymentState.AUTHORIZED, PaymentState.PAID, PaymentState.PARTLY_REFUNDED))
FIRST_CHECK = datetime.timedelta(minutes=1)
LAST_CHECK = datetime.timedelta(hours=1)
# How long whoever began a payment has for making it at the provider.
MAKING = datetime.timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Refund:
    """`automatic`: nobody asked for it; the money was for nothing that is due."""

    id: UUID
    payment_id: UUID
    amount: int
    state: RefundState
    create_time: datetime.datetime
    reason: str = ""
    automatic: bool = False
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class OnlinePayment:
    """Amounts in minor units of `currency`. `provider_id` is empty until the provider has answered. `to_cancel`: its
    order was cancelled, or its amount is no longer what is due. `check_time`: when the provider is asked next."""

    id: UUID
    order_id: UUID
    state: Payment
    amount: int
    currency: str
    provider: str
    return_address: str
    create_time: datetime.datetime
    update_time: datetime.datetime
    provider_id: str = ""
    checkout_address: str = ""
    expire_time: datetime.datetime | None = None
    check_time: datetime.datetime | None = None
    to_cancel: bool = False
    refunds: tuple[Refund, ...] = field(default=())

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def received(self) -> int:
        return self.amount if self.state is Payment.PAID else 0

    @property
    def refunded(self) -> int:
        return sum(each.amount for each in self.refunds if each.state is RefundState.REFUNDED)

    @property
    def kept(self) -> int:
        """Of what came in, what was for something that was due."""
        back = (each for each in self.refunds if each.automatic and each.state is not RefundState.FAILED)
        return max(0, self.received - sum(each.amount for each in back))

    @property
    def left(self) -> int:
        """What can still be given back."""
        going = sum(each.amount for each in self.refunds if each.state is not RefundState.FAILED)
        return max(0, self.received - going)

    @property
    def settled(self) -> bool:
        """The provider has nothing more to tell by itself."""
        return not self.under_way and all(each.state is not RefundState.PENDING for each in self.refunds)


def joined(known: Payment, told: Payment) -> Payment:
    """The higher of both."""
    return max(known, told, key=_RANK.__getitem__)


def refund_joined(known: RefundState, told: RefundState) -> RefundState:
    return max(known, told, key=_REFUND_RANK.__getitem__)


def due(order: Order, payments: Sequence[OnlinePayment]) -> int:
    """What can be paid online now, in minor units. What somebody gave back does not become due again."""
    if order.state not in _PAYABLE or order.header.payment_method is _NOT_ONLINE:
        return 0
    reserved = sum(each.amount for each in payments if each.state is Payment.AUTHORIZED)
    return max(0, order.totals.total - reserved - sum(each.kept for each in payments))


def order_payment_state(order: Order, payments: Sequence[OnlinePayment]) -> PaymentState:
    """What the payments say of the order as a whole."""
    received = sum(each.received for each in payments)
    refunded = sum(each.refunded for each in payments)
    if not received:
        if any(each.state is Payment.AUTHORIZED for each in payments):
            return PaymentState.AUTHORIZED
        return PaymentState.NONE if order.state is State.CANCELLED else PaymentState.OPEN
    if sum(each.kept for each in payments) < order.totals.total and order.state is not State.CANCELLED:
        return PaymentState.OPEN
    if refunded >= received:
        return PaymentState.REFUNDED
    wanted = 0 if order.state is State.CANCELLED else order.totals.total
    if refunded and (not wanted or received - refunded < wanted):
        return PaymentState.PARTLY_REFUNDED
    return PaymentState.PAID


def excess(order: Order, payment: OnlinePayment, payments: Sequence[OnlinePayment]) -> int:
    """What of a payment has to go back by itself: all when the order was cancelled, else what is above the total.

    After an automatic refund that failed, whatever is left is for people to decide.
    """
    failed = any(each.automatic and each.state is RefundState.FAILED for each in payment.refunds)
    if payment.state is not Payment.PAID or failed:
        return 0
    if order.state is State.CANCELLED:
        return payment.left
    kept = sum(each.left for each in payments)
    return min(payment.left, max(0, kept - order.totals.total))


def may_process(order: Order) -> bool:
    """Online payment comes first; every other method is paid later, or to somebody else."""
    if order.header.payment_method is not PaymentMethod.ELECTRONIC or not order.totals.total:
        return True
    return order.payment_state in (PaymentState.PAID, PaymentState.PARTLY_REFUNDED)


def refund_pending(order: Order) -> bool:
    """Of a cancelled order: something that was paid or authorized has not gone back yet."""
    return order.state is State.CANCELLED and order.payment_state in _BOUND


def next_check(payment: OnlinePayment, now: datetime.datetime) -> datetime.datetime | None:
    """When to ask the provider although it has not called: soon at first, then ever more seldom, never once all is
    settled. A refund that it does not know of yet is for now."""
    if payment.settled:
        return None
    if any(each.state is RefundState.PENDING and not each.provider_id for each in payment.refunds):
        return now
    newest = max([payment.create_time, *(each.create_time for each in payment.refunds)])
    return now + min(LAST_CHECK, max(FIRST_CHECK, (now - newest) / 4))


def with_refund(payment: OnlinePayment, refund: Refund) -> OnlinePayment:
    return replace(payment, refunds=(*payment.refunds, refund))


def begun(
    order: Order, amount: int, provider: str, return_address: str, now: datetime.datetime
) -> OnlinePayment:
    """A payment that the provider has yet to make; whoever wrote it does so, else the follower a little later."""
    return OnlinePayment(
        id=new_id(),
        order_id=order.id,
        state=Payment.OPEN,
        amount=amount,
        currency=order.currency,
        provider=provider,
        return_address=return_address,
        create_time=now,
        update_time=now,
        check_time=now + MAKING,
    )


def automatic_refund(payment: OnlinePayment, amount: int, now: datetime.datetime) -> Refund:
    return Refund(new_id(), payment.id, amount, RefundState.PENDING, now, automatic=True)
