"""SharedOrderService: requests to arguments, sheets to messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import shared_orders_pb2 as pb
from commis.orders.v1 import shared_orders_pb2_grpc

from chassis import fields, paging
from chassis.access import Rule
from chassis.errors import Violations
from orders import answers, parsing, wire
from orders.infrastructure import Infrastructure
from orders.shared import parsing as given
from orders.shared import queries, starting, use_cases
from orders.shared import wire as shared_wire
from orders.shared.negotiating import Deal
from orders.shared.queries import ListSharedOrders, Summary
from orders.sheets.rpc import CHANGERS, READERS

_MAX_SEQUENCE = 2**62


class SharedOrderServicer(shared_orders_pb2_grpc.SharedOrderServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "StartSharedOrder": CHANGERS,
        "GetSharedOrder": READERS,
        "ListSharedOrders": READERS,
        "ProposeChanges": CHANGERS,
        "WithdrawChanges": CHANGERS,
        "SendSharedOrder": CHANGERS,
        "AcceptChanges": CHANGERS,
        "DeclineChanges": CHANGERS,
        "EndSharedOrder": CHANGERS,
        "ListSheetChanges": READERS,
        "MarkSheetSeen": CHANGERS,
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def StartSharedOrder(
        self, request: pb.StartSharedOrderRequest, ctx: Any
    ) -> pb.StartSharedOrderResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        expire = fields.date(v, "expire_date", request.expire_date)
        message = fields.text(v, "message", request.message, max_length=given.MESSAGE_LENGTH)
        if message and not request.send:
            v.add("message", "goes with send", "INVALID")
        v.raise_if_any()
        assert order_id is not None
        key = answers.key("StartSharedOrder", request, request.request_id)
        command = starting.StartSharedOrder(order_id, request.etag, expire, request.send, message, key)
        view = await starting.start(self._infra, command)
        return pb.StartSharedOrderResponse(shared_order=shared_wire.shared_order(view))

    async def GetSharedOrder(self, request: pb.GetSharedOrderRequest, ctx: Any) -> pb.GetSharedOrderResponse:
        v = Violations()
        order_id = given.order_id(v, request.order_id)
        revision = given.revision(v, request.revision)
        side = given.side(v, "side", request.side)
        v.raise_if_any()
        view = await queries.get(self._infra, order_id, revision, side)
        return pb.GetSharedOrderResponse(shared_order=shared_wire.shared_order(view))

    async def ListSharedOrders(
        self, request: pb.ListSharedOrdersRequest, ctx: Any
    ) -> pb.ListSharedOrdersResponse:
        v = Violations()
        command = ListSharedOrders(
            account_id=fields.identifier(v, "account_id", request.account_id, required=False),
            waiting_for=given.side(v, "waiting_for", request.waiting_for),
            representative_id=fields.identifier(
                v, "representative_id", request.representative_id, required=False
            ),
        )
        v.raise_if_any()
        filters = {"filters": str(command)}
        page = paging.decode(request.page_size, request.page_token, filters)
        found = await queries.list_shared_orders(self._infra, command, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token((found[-1].update_time, found[-1].order_id), filters)
        return pb.ListSharedOrdersResponse(shared_orders=map(_summary, found), next_page_token=token)

    async def ProposeChanges(self, request: pb.ProposeChangesRequest, ctx: Any) -> pb.ProposeChangesResponse:
        v, deal = self._deal(request)
        lines, currencies = given.lines(v, request.lines)
        header = given.header(v, request.header)
        if not request.lines and not request.HasField("header"):
            v.add("lines", "names what to change", "REQUIRED")
        v.raise_if_any()
        view = await use_cases.propose(self._infra, deal, lines, header, currencies)
        return pb.ProposeChangesResponse(shared_order=shared_wire.shared_order(view))

    async def WithdrawChanges(
        self, request: pb.WithdrawChangesRequest, ctx: Any
    ) -> pb.WithdrawChangesResponse:
        v, deal = self._deal(request)
        keys = given.keys(v, request.line_ids)
        v.raise_if_any()
        view = await use_cases.withdraw(self._infra, deal, keys)
        return pb.WithdrawChangesResponse(shared_order=shared_wire.shared_order(view))

    async def SendSharedOrder(
        self, request: pb.SendSharedOrderRequest, ctx: Any
    ) -> pb.SendSharedOrderResponse:
        v = Violations()
        deal = Deal(given.order_id(v, request.order_id))
        message = fields.text(v, "message", request.message, max_length=given.MESSAGE_LENGTH)
        expire = fields.date(v, "expire_date", request.expire_date)
        v.raise_if_any()
        deal = Deal(deal.order_id, None, answers.key("SendSharedOrder", request, request.request_id))
        view = await use_cases.send(self._infra, deal, message, expire)
        return pb.SendSharedOrderResponse(shared_order=shared_wire.shared_order(view))

    async def AcceptChanges(self, request: pb.AcceptChangesRequest, ctx: Any) -> pb.AcceptChangesResponse:
        v, deal = self._deal(request)
        accepting = given.accepting(v, request)
        v.raise_if_any()
        view = await use_cases.accept(self._infra, deal, accepting)
        return pb.AcceptChangesResponse(shared_order=shared_wire.shared_order(view))

    async def DeclineChanges(self, request: pb.DeclineChangesRequest, ctx: Any) -> pb.DeclineChangesResponse:
        v, deal = self._deal(request)
        keys = given.keys(v, request.line_ids)
        reason = fields.text(v, "reason", request.reason, max_length=given.REASON_LENGTH)
        v.raise_if_any()
        view = await use_cases.decline(self._infra, deal, keys, reason)
        return pb.DeclineChangesResponse(shared_order=shared_wire.shared_order(view))

    async def EndSharedOrder(self, request: pb.EndSharedOrderRequest, ctx: Any) -> pb.EndSharedOrderResponse:
        v = Violations()
        order_id = given.order_id(v, request.order_id)
        reason = fields.text(v, "reason", request.reason, max_length=given.REASON_LENGTH)
        v.raise_if_any()
        key = answers.key("EndSharedOrder", request, request.request_id)
        view = await use_cases.end(self._infra, Deal(order_id, None, key), reason)
        return pb.EndSharedOrderResponse(shared_order=shared_wire.shared_order(view))

    async def ListSheetChanges(
        self, request: pb.ListSheetChangesRequest, ctx: Any
    ) -> pb.ListSheetChangesResponse:
        v = Violations()
        order_id = given.order_id(v, request.order_id)
        after = fields.integer(v, "after_sequence", request.after_sequence, minimum=0, maximum=_MAX_SEQUENCE)
        v.raise_if_any()
        filters = {"order_id": request.order_id, "after": str(after)}
        page = paging.decode(request.page_size, request.page_token, filters)
        found = await queries.list_changes(self._infra, order_id, after, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token((found[-1].sequence,), filters)
        return pb.ListSheetChangesResponse(changes=map(shared_wire.change, found), next_page_token=token)

    async def MarkSheetSeen(self, request: pb.MarkSheetSeenRequest, ctx: Any) -> pb.MarkSheetSeenResponse:
        v = Violations()
        order_id = given.order_id(v, request.order_id)
        v.raise_if_any()
        await use_cases.mark_seen(self._infra, order_id, request.sequence)
        return pb.MarkSheetSeenResponse()

    @staticmethod
    def _deal(request: Any) -> tuple[Violations, Deal]:
        v = Violations()
        order_id, revision = given.order_id(v, request.order_id), given.revision(v, request.revision)
        method = type(request).__name__.removesuffix("Request")
        key = answers.key(method, request, request.request_id)
        return v, Deal(order_id, revision, key)


def _summary(each: Summary) -> pb.SharedOrderSummary:
    return pb.SharedOrderSummary(
        order_id=str(each.order_id),
        account_id=str(each.account_id),
        account_name=each.account_name,
        revision=each.revision,
        status=shared_wire.status(each.colour, each.language),
        waiting_for=shared_wire.side(each.waiting_for),
        total=wire.amount(each.total, each.currency),
        line_count=each.line_count,
        expire_date=wire.date(each.expire_date),
        update_time=wire.time(each.update_time),
        order_reference=each.order_reference,
    )
