"""Online payments, refunds, and payment links."""

from gateway.answers import Whole
from gateway.operation import Body, Routes

_payments = Routes("orders.v1.PaymentService", "Payments")
_PROVIDER = " PAYMENT_NOT_DUE PAYMENT_NOT_OFFERED PAYMENT_REFUSED PAYMENT_IN_PROGRESS PAYMENT_PROVIDER_AWAY"
_STARTING = """\
Opens a page of the payment provider, where the customer pays; the shop never sees a card or an account. Send the
browser to `checkout_address` with GET. An open payment is answered again. The customer only: representatives, care
workers and staff mail a payment link instead."""
# The provider may take its time, and is asked again.
_SECONDS = 15.0

OPERATIONS = (
    _payments.post(
        "/v1/orders/{order_id:id}:start-payment",
        "StartPayment",
        "Pay an order online",
        description=_STARTING,
        body=Body(),
        timeout=_SECONDS,
        errors="ORDER_NOT_FOUND PAYMENT_NOT_ALLOWED INVALID_FIELDS" + _PROVIDER,
    ),
    _payments.get(
        "/v1/orders/{order_id:id}/payments",
        "ListPayments",
        "List the payments of an order",
        description="With their refunds, the oldest first.",
        errors="ORDER_NOT_FOUND",
    ),
    _payments.post(
        "/v1/orders/{order_id:id}:send-payment-link",
        "SendPaymentLink",
        "Mail the customer a payment link",
        description="Whoever asks for it never sees it. It goes to the account's own address, or to the order's"
        " contact where the account has none; links that were sent before end.",
        body=Body(),
        answer=Whole(),
        errors="ORDER_NOT_FOUND PAYMENT_NOT_ALLOWED PAYMENT_NOT_DUE PAYMENT_NOT_OFFERED PAYMENT_LINK_NO_ADDRESS",
    ),
    _payments.get(
        "/v1/payment-links/{token:id}",
        "GetPaymentLink",
        "Get what a payment link is for",
        public=True,
        errors="PAYMENT_LINK_NOT_FOUND",
    ),
    _payments.post(
        "/v1/payment-links/{token:id}:pay",
        "PayByLink",
        "Pay by a payment link",
        body=Body(),
        public=True,
        timeout=_SECONDS,
        errors="PAYMENT_LINK_NOT_FOUND" + _PROVIDER,
    ),
    _payments.post(
        "/v1/payments/{payment_id:id}:refund",
        "RefundPayment",
        "Give money back",
        description="All that is left when no amount is given.",
        body=Body(),
        errors="PAYMENT_NOT_FOUND REFUND_TOO_HIGH INVALID_FIELDS",
    ),
)
