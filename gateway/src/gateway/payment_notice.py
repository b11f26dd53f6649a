"""POST /v1/payment-notifications/mollie: the payment provider says that something about a payment changed.

A form with the payment's id and no signature (https://docs.mollie.com/reference/webhooks): whoever sends it, it only
makes orders ask the provider. Known and unknown payments are answered alike; what is not answered 200 is repeated.
"""

from __future__ import annotations

from typing import Any

from commis.orders.v1 import payments_pb2

from chassis.errors import FieldViolation
from gateway.clients import Clients
from gateway.endpoint import check_media_type, read_body, reply
from gateway.exchange import Exchange, Scope
from gateway.form import FORM, FormRefused, read_form
from gateway.operation import TIMEOUT
from gateway.problems import Problem, invalid_fields

PATH = "/v1/payment-notifications/mollie"
METHOD = payments_pb2.DESCRIPTOR.services_by_name["PaymentService"].methods_by_name["NotifyPayment"]
NOTIFY = "/commis.orders.v1.PaymentService/NotifyPayment"
_PROVIDER = "mollie"
_FIELD = "id"
_MAX_FORM = 4096
MAX_ID = 100


class PaymentNotice:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint. Other fields of the form are left alone."""

    name = "notifyPayment"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self.name
        named = await self._named(exchange, receive)
        metadata = [item for item in exchange.metadata() if item[0] != "authorization"]
        request = payments_pb2.NotifyPaymentRequest(provider=_PROVIDER, provider_payment_id=named)
        await self._clients.connected("orders")
        await self._clients[NOTIFY](request, timeout=TIMEOUT, metadata=metadata)
        await reply(send, 200, [], b"")

    async def _named(self, exchange: Exchange, receive: Any) -> str:
        raw = await read_body(exchange, receive, _MAX_FORM)
        check_media_type(exchange, FORM)
        try:
            form = read_form(raw)
        except FormRefused as refused:
            raise Problem(400, "INVALID_FORM", str(refused)) from None
        named = form.get(_FIELD, "").strip()
        if not named or len(named) > MAX_ID:
            text = f"has 1 to {MAX_ID} characters"
            raise invalid_fields([FieldViolation(_FIELD, text, "TOO_LONG" if named else "REQUIRED")])
        return named
