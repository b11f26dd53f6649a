"""OrderMessageService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import messages_pb2 as pb
from commis.orders.v1 import messages_pb2_grpc

from chassis import access as rules
from chassis import fields, paging
from chassis.access import Rule
from chassis.errors import Violations
from orders import access, answers, parsing, wire
from orders.infrastructure import Infrastructure
from orders.messages import use_cases
from orders.messages.domain import MAX_LENGTH, OrderMessage
from orders.messages.use_cases import WriteOrderMessage
from orders.sheets.rpc import CHANGERS, READERS


class OrderMessageServicer(messages_pb2_grpc.OrderMessageServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "WriteOrderMessage": CHANGERS,
        "ListOrderMessages": READERS,
        "GetOrderMessage": rules.services(access.READ_SCOPE),
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def WriteOrderMessage(
        self, request: pb.WriteOrderMessageRequest, ctx: Any
    ) -> pb.WriteOrderMessageResponse:
        v, order_id = parsing.order_id(request.order_id)
        text = fields.text(v, "text", request.text, required=True, max_length=MAX_LENGTH)
        v.raise_if_any()
        assert order_id is not None
        key = answers.key("WriteOrderMessage", request, request.request_id)
        written = await use_cases.write_message(self._infra, WriteOrderMessage(order_id, text, key))
        return pb.WriteOrderMessageResponse(message=_message(written))

    async def ListOrderMessages(
        self, request: pb.ListOrderMessagesRequest, ctx: Any
    ) -> pb.ListOrderMessagesResponse:
        v, order_id = parsing.order_id(request.order_id)
        v.raise_if_any()
        assert order_id is not None
        filters = {"messages_of": request.order_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        found = await use_cases.list_messages(self._infra, order_id, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token((found[-1].create_time, found[-1].id), filters)
        return pb.ListOrderMessagesResponse(messages=map(_message, found), next_page_token=token)

    async def GetOrderMessage(
        self, request: pb.GetOrderMessageRequest, ctx: Any
    ) -> pb.GetOrderMessageResponse:
        v = Violations()
        message_id = fields.identifier(v, "order_message_id", request.order_message_id)
        v.raise_if_any()
        assert message_id is not None
        found = await use_cases.get_message(self._infra, message_id)
        return pb.GetOrderMessageResponse(message=_message(found))


def _message(each: OrderMessage) -> pb.OrderMessage:
    return pb.OrderMessage(
        id=str(each.id),
        order_id=str(each.order_id),
        from_customer=each.from_customer,
        author=wire.party(each.author),
        text=each.text,
        create_time=wire.time(each.create_time),
    )
