"""CancelOrder, and the back office's moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import orders_pb2 as pb

from chassis import access as rules
from chassis import fields
from chassis.access import Rule
from orders import answers, parsing
from orders.domain.states import Verb
from orders.fulfilment.use_cases import MoveOrder, move_order
from orders.infrastructure import Infrastructure
from orders.sheets.rpc import CHANGERS, reply

_DESK = rules.staff("ORDER_DESK")


class FulfilmentRpcs:
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CancelOrder": CHANGERS,
        "ProcessOrder": _DESK,
        "ShipOrder": _DESK,
        "DeliverOrder": _DESK,
        "CloseOrder": _DESK,
    }
    _infra: Infrastructure

    async def _moved(self, verb: Verb, request: Any, response: Any) -> Any:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        reason = ""
        if verb is Verb.CANCEL:
            reason = fields.text(v, "reason", request.reason, max_length=500)
        v.raise_if_any()
        assert order_id is not None
        method = type(request).__name__.removesuffix("Request")
        key = answers.key(method, request, request.request_id)
        return await move_order(
            self._infra, MoveOrder(order_id, verb, request.etag, reason, key), reply(response)
        )

    async def CancelOrder(self, request: pb.CancelOrderRequest, ctx: Any) -> pb.CancelOrderResponse:
        answer: pb.CancelOrderResponse = await self._moved(Verb.CANCEL, request, pb.CancelOrderResponse)
        return answer

    async def ProcessOrder(self, request: pb.ProcessOrderRequest, ctx: Any) -> pb.ProcessOrderResponse:
        answer: pb.ProcessOrderResponse = await self._moved(Verb.PROCESS, request, pb.ProcessOrderResponse)
        return answer

    async def ShipOrder(self, request: pb.ShipOrderRequest, ctx: Any) -> pb.ShipOrderResponse:
        answer: pb.ShipOrderResponse = await self._moved(Verb.SHIP, request, pb.ShipOrderResponse)
        return answer

    async def DeliverOrder(self, request: pb.DeliverOrderRequest, ctx: Any) -> pb.DeliverOrderResponse:
        answer: pb.DeliverOrderResponse = await self._moved(Verb.DELIVER, request, pb.DeliverOrderResponse)
        return answer

    async def CloseOrder(self, request: pb.CloseOrderRequest, ctx: Any) -> pb.CloseOrderResponse:
        answer: pb.CloseOrderResponse = await self._moved(Verb.CLOSE, request, pb.CloseOrderResponse)
        return answer
