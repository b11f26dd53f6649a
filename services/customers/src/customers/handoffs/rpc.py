"""HandoffService: public, for what is posted proves itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.customers.v1 import handoffs_pb2 as pb
from commis.customers.v1 import handoffs_pb2_grpc

from chassis import access, fields
from chassis.access import Rule
from chassis.errors import Violations
from customers.handoffs import use_cases
from customers.platforms.partner_keys import PartnerKeys
from customers.sessions.rpc import session_answer, tokens_answer
from customers.sessions.use_cases import Door


class HandoffServicer(handoffs_pb2_grpc.HandoffServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateHandoff": access.PUBLIC,
        "ExchangeHandoff": access.PUBLIC,
    }

    def __init__(self, door: Door, keys: PartnerKeys, storefront: str) -> None:
        self._door = door
        self._keys = keys
        self._storefront = storefront

    async def CreateHandoff(self, request: pb.CreateHandoffRequest, context: Any) -> pb.CreateHandoffResponse:
        made = await use_cases.create_handoff(self._door, self._keys, self._storefront, request.assertion)
        answer = pb.CreateHandoffResponse(address=made.address)
        answer.expire_time.FromDatetime(made.expire_time)
        return answer

    async def ExchangeHandoff(
        self, request: pb.ExchangeHandoffRequest, context: Any
    ) -> pb.ExchangeHandoffResponse:
        found = Violations()
        code = fields.text(found, "code", request.code, required=True)
        found.raise_if_any()
        opened = await use_cases.exchange_handoff(self._door, code)
        return pb.ExchangeHandoffResponse(tokens=tokens_answer(opened), session=session_answer(opened.acting))
