"""ApproveOrder and RejectOrder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import orders_pb2 as pb

from chassis import access as rules
from chassis import fields
from chassis.access import Rule
from orders import answers, parsing
from orders.approval import use_cases
from orders.approval.use_cases import RejectOrder
from orders.domain.states import Verb
from orders.infrastructure import Infrastructure
from orders.placing.claiming import PlaceOrder
from orders.placing.domain import Accepted
from orders.sheets.rpc import reply

_APPROVE = reply(pb.ApproveOrderResponse)
_REJECT = reply(pb.RejectOrderResponse)


class ApprovalRpcs:
    RULES: ClassVar[Mapping[str, Rule]] = {
        "ApproveOrder": rules.accounts(),
        "RejectOrder": rules.accounts(),
    }
    _infra: Infrastructure

    async def ApproveOrder(self, request: pb.ApproveOrderRequest, ctx: Any) -> pb.ApproveOrderResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        fields.identifier(v, "request_id", request.request_id)
        if request.etag in ("", "*"):
            v.add("etag", "is required: it names the content that is approved", "REQUIRED")
        v.raise_if_any()
        key = answers.key("ApproveOrder", request, request.request_id)
        assert order_id is not None
        assert key is not None
        command = PlaceOrder(order_id, key, Accepted(), request.etag, Verb.APPROVE)
        answer: pb.ApproveOrderResponse = await use_cases.approve_order(self._infra, command, _APPROVE)
        return answer

    async def RejectOrder(self, request: pb.RejectOrderRequest, ctx: Any) -> pb.RejectOrderResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        reason = fields.text(v, "reason", request.reason, max_length=500)
        v.raise_if_any()
        assert order_id is not None
        key = answers.key("RejectOrder", request, request.request_id)
        command = RejectOrder(order_id, reason, request.etag, key)
        answer: pb.RejectOrderResponse = await use_cases.reject_order(self._infra, command, _REJECT)
        return answer
