"""PaymentService: requests to arguments, and who may call what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import payments_pb2 as pb
from commis.orders.v1 import payments_pb2_grpc

from chassis import access as rules
from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders import answers
from orders.infrastructure import Infrastructure
from orders.payments import links, use_cases, wire
from orders.payments.links import SendPaymentLink
from orders.payments.use_cases import RefundPayment, StartPayment
from orders.sheets.rpc import READERS

MAIL_SCOPE = "mail.links"
_ADDRESS_LENGTH = 2000
_NAME_LENGTH = 200


class PaymentServicer(payments_pb2_grpc.PaymentServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "StartPayment": rules.accounts(),
        "ListPayments": READERS,
        "SendPaymentLink": rules.any_of(rules.accounts(), rules.reps(), rules.staff("ORDER_DESK", "FINANCE")),
        "GetPaymentLink": rules.PUBLIC,
        "PayByLink": rules.PUBLIC,
        "NotifyPayment": rules.PUBLIC,
        "RefundPayment": rules.staff("FINANCE"),
        "GetPaymentLinkMail": rules.services(MAIL_SCOPE),
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def StartPayment(self, request: pb.StartPaymentRequest, ctx: Any) -> pb.StartPaymentResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        address = fields.text(
            v, "return_address", request.return_address, required=True, max_length=_ADDRESS_LENGTH
        )
        v.raise_if_any()
        assert order_id is not None
        key = answers.key("StartPayment", request, request.request_id)
        return await use_cases.start_payment(self._infra, StartPayment(order_id, address, key))

    async def ListPayments(self, request: pb.ListPaymentsRequest, ctx: Any) -> pb.ListPaymentsResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        v.raise_if_any()
        assert order_id is not None
        found = await use_cases.list_payments(self._infra, order_id)
        return pb.ListPaymentsResponse(payments=map(wire.payment, found))

    async def SendPaymentLink(
        self, request: pb.SendPaymentLinkRequest, ctx: Any
    ) -> pb.SendPaymentLinkResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        v.raise_if_any()
        assert order_id is not None
        key = answers.key("SendPaymentLink", request, request.request_id)
        return await links.send_payment_link(self._infra, SendPaymentLink(order_id, key))

    async def GetPaymentLink(self, request: pb.GetPaymentLinkRequest, ctx: Any) -> pb.GetPaymentLinkResponse:
        return await links.get_payment_link(self._infra, _token(request.token))

    async def PayByLink(self, request: pb.PayByLinkRequest, ctx: Any) -> pb.PayByLinkResponse:
        return await links.pay_by_link(self._infra, _token(request.token))

    async def NotifyPayment(self, request: pb.NotifyPaymentRequest, ctx: Any) -> pb.NotifyPaymentResponse:
        v = Violations()
        provider = fields.text(v, "provider", request.provider, required=True, max_length=_NAME_LENGTH)
        provider_id = fields.text(
            v, "provider_payment_id", request.provider_payment_id, required=True, max_length=_NAME_LENGTH
        )
        v.raise_if_any()
        await use_cases.notify_payment(self._infra, provider, provider_id)
        return pb.NotifyPaymentResponse()

    async def RefundPayment(self, request: pb.RefundPaymentRequest, ctx: Any) -> pb.RefundPaymentResponse:
        v = Violations()
        payment_id = fields.identifier(v, "payment_id", request.payment_id)
        amount = fields.money(v, "amount", request.amount, minimum=1) if request.HasField("amount") else None
        reason = fields.text(v, "reason", request.reason, required=True, max_length=500)
        v.raise_if_any()
        assert payment_id is not None
        key = answers.key("RefundPayment", request, request.request_id)
        command = RefundPayment(payment_id, amount, reason, key)
        return await use_cases.refund_payment(self._infra, command)

    async def GetPaymentLinkMail(
        self, request: pb.GetPaymentLinkMailRequest, ctx: Any
    ) -> pb.GetPaymentLinkMailResponse:
        v = Violations()
        link_id = fields.identifier(v, "payment_link_id", request.payment_link_id)
        v.raise_if_any()
        assert link_id is not None
        return await links.get_payment_link_mail(self._infra, link_id)


def _token(given: str) -> str:
    """Never repeated in an answer, whatever is wrong with it."""
    v = Violations()
    token = fields.text(v, "token", given, required=True, max_length=_NAME_LENGTH)
    v.raise_if_any()
    return token
