"""Refusals of payments."""

from __future__ import annotations

from chassis.errors import Aborted, FailedPrecondition, NotFound, PermissionDenied, Unavailable


class PaymentNotAllowed(PermissionDenied):
    """Who acts for a customer sees the order, but nothing of how it is paid; who may pay needs no link."""

    reason = "PAYMENT_NOT_ALLOWED"

    def __init__(self, actor_kind: str) -> None:
        super().__init__(f"This is not for a {actor_kind}.", actor_kind=actor_kind)


class PaymentNotDue(FailedPrecondition):
    reason = "PAYMENT_NOT_DUE"

    def __init__(self, order_id: object) -> None:
        super().__init__(f"Nothing of order {order_id} can be paid now.", order_id=order_id)


class PaymentNotOffered(FailedPrecondition):
    reason = "PAYMENT_NOT_OFFERED"

    def __init__(self) -> None:
        super().__init__("No payment provider is configured, so nothing can be paid online.")


class PaymentRefused(FailedPrecondition):
    """The provider did not accept the payment; `field` as it names it."""

    reason = "PAYMENT_REFUSED"

    def __init__(self, field: str) -> None:
        super().__init__(f"The payment provider refuses this payment ({field or 'no field'}).", field=field)


class PaymentInProgress(Aborted):
    """A payment of another amount is under way; what becomes of it is known within minutes."""

    reason = "PAYMENT_IN_PROGRESS"

    def __init__(self, order_id: object) -> None:
        super().__init__(f"Order {order_id} is being paid.", retry_after=5.0, order_id=order_id)


class PaymentProviderAway(Unavailable):
    reason = "PAYMENT_PROVIDER_AWAY"

    def __init__(self) -> None:
        super().__init__("The payment provider does not answer.", retry_after=5.0)


class PaymentNotFound(NotFound):
    reason = "PAYMENT_NOT_FOUND"

    def __init__(self, payment_id: object) -> None:
        super().__init__(f"There is no payment {payment_id}.", payment_id=payment_id)


class RefundTooHigh(FailedPrecondition):
    """`left`: what has come in and is not on its way back, in minor units."""

    reason = "REFUND_TOO_HIGH"

    def __init__(self, payment_id: object, left: int, currency: str) -> None:
        message = f"Of payment {payment_id} {left} minor units of {currency} are left."
        super().__init__(message, payment_id=payment_id, left_minor=left, currency=currency)


class PaymentLinkNotFound(NotFound):
    """Also for one that expired, was replaced, or whose order was cancelled. Never says the token."""

    reason = "PAYMENT_LINK_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such payment link.")


class PaymentLinkNoAddress(FailedPrecondition):
    reason = "PAYMENT_LINK_NO_ADDRESS"

    def __init__(self, order_id: object) -> None:
        message = f"Neither the account nor the contact of order {order_id} has an e-mail address."
        super().__init__(message, order_id=order_id)


class OrderNotPaid(FailedPrecondition):
    """An order with online payment is worked on once it is paid."""

    reason = "ORDER_NOT_PAID"

    def __init__(self, order_id: object) -> None:
        super().__init__(f"Order {order_id} is to be paid online and is not paid yet.", order_id=order_id)
