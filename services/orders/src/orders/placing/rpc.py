"""PlaceOrder, GetCheckout, and what the holders of stock and budgets ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import orders_pb2 as pb
from commis.orders.v1 import orders_pb2_grpc

from chassis import access as rules
from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders import answers, parsing, wire
from orders.infrastructure import Infrastructure
from orders.placing import checkout, use_cases
from orders.placing import store as claims
from orders.placing.claiming import PlaceOrder
from orders.placing.domain import Accepted
from orders.placing.store import PlacementRow
from orders.sheets.rpc import CHANGERS, READERS, reply

_PLACE = reply(pb.PlaceOrderResponse)
_MAX_PLACEMENTS = 1000


class PlacingRpcs:
    RULES: ClassVar[Mapping[str, Rule]] = {"PlaceOrder": CHANGERS, "GetCheckout": READERS}
    _infra: Infrastructure

    async def PlaceOrder(self, request: pb.PlaceOrderRequest, ctx: Any) -> pb.PlaceOrderResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        fields.identifier(v, "request_id", request.request_id)
        accepted = Accepted(
            fields.text(v, "terms_version", request.terms_version, max_length=100),
            fields.text(v, "terms_hash", request.terms_hash, max_length=100),
        )
        v.raise_if_any()
        key = answers.key("PlaceOrder", request, request.request_id)
        assert order_id is not None
        assert key is not None
        command = PlaceOrder(order_id, key, accepted, request.etag)
        answer: pb.PlaceOrderResponse = await use_cases.place_order(self._infra, command, _PLACE)
        return answer

    async def GetCheckout(self, request: pb.GetCheckoutRequest, ctx: Any) -> pb.GetCheckoutResponse:
        v, order_id = parsing.order_id(request.order_id)
        v.raise_if_any()
        assert order_id is not None
        found = await checkout.get_checkout(self._infra, order_id)
        return pb.GetCheckoutResponse(
            shipping_options=[
                pb.ShippingOption(
                    code=option.code,
                    display_name=option.name,
                    price=wire.amount(option.price, option.currency),
                    pick_up=option.pick_up,
                )
                for option in found.shipping_options
            ],
            payment_methods=[wire.payment_method(method) for method in found.payment_methods],
            terms_version=found.terms.version if found.terms is not None else "",
            terms_hash=found.terms_hash,
            terms_text=found.terms_text,
            obstacles=[
                pb.PlacementObstacle(field=each.field, reason=each.reason, description=each.description)
                for each in found.obstacles
            ],
            approval_needed=found.approval_needed,
            confirmation_emails=found.confirmation_emails,
        )


class PlacementServicer(orders_pb2_grpc.PlacementServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"GetPlacements": rules.services("orders.placement")}

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def GetPlacements(self, request: pb.GetPlacementsRequest, ctx: Any) -> pb.GetPlacementsResponse:
        v = Violations()
        ids = parsing.order_ids(v, request.order_ids, _MAX_PLACEMENTS)
        v.raise_if_any()
        known = {row.order_id: row for row in await claims.placements(self._infra.sessions, sorted(set(ids)))}
        return pb.GetPlacementsResponse(
            placements=[
                _placement(text, known.get(i)) for text, i in zip(request.order_ids, ids, strict=True)
            ]
        )


def _placement(order_id: str, row: PlacementRow | None) -> pb.Placement:
    if row is None:
        return pb.Placement(order_id=order_id, state=pb.Placement.STATE_UNKNOWN)
    attempt = str(row.attempt_id) if row.attempt_id is not None else ""
    if row.state == "CANCELLED":
        return pb.Placement(order_id=order_id, state=pb.Placement.STATE_CANCELLED, attempt_id=attempt)
    if row.placed:
        return pb.Placement(order_id=order_id, state=pb.Placement.STATE_PLACED, attempt_id=attempt)
    if row.claim_live:
        return pb.Placement(order_id=order_id, state=pb.Placement.STATE_IN_PROGRESS, attempt_id=attempt)
    return pb.Placement(order_id=order_id, state=pb.Placement.STATE_NOT_PLACED)
