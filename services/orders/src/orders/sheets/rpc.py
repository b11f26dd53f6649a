"""Sheet RPCs: requests to arguments, orders to messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import orders_pb2 as pb

from chassis import access as rules
from chassis import fields, idempotency, paging
from chassis.access import Rule
from chassis.errors import Violations
from orders import access, answers, parsing, store, wire
from orders.answers import Reply
from orders.infrastructure import Infrastructure
from orders.sheets import changes, header_change, list_request, listing, use_cases
from orders.sheets.editing import Edit, edit_sheet
from orders.sheets.queries import OrderSummary

READERS = rules.any_of(
    rules.accounts(),
    rules.reps(),
    rules.staff("ORDER_DESK", "FINANCE"),
    rules.services(access.READ_SCOPE),
)
_AT_ONCE = 100  # of BatchGetOrders
CHANGERS = rules.any_of(rules.accounts(), rules.reps(), rules.staff("ORDER_DESK"))


def reply(response: Any) -> Reply[Any]:
    """For every RPC whose answer is the order."""
    return Reply(lambda order: response(order=wire.order(order)), response.FromString)


_CREATE = reply(pb.CreateOrderResponse)
_UPDATE = reply(pb.UpdateOrderResponse)
_ADD = reply(pb.AddOrderLinesResponse)
_CHANGE = reply(pb.UpdateOrderLineResponse)
_REMOVE = reply(pb.RemoveOrderLineResponse)


class SheetRpcs:
    RULES: ClassVar[Mapping[str, Rule]] = {
        "OpenCart": CHANGERS,
        "CreateOrder": CHANGERS,
        "GetOrder": READERS,
        "BatchGetOrders": rules.services(access.READ_SCOPE),
        "ListOrders": READERS,
        "UpdateOrder": CHANGERS,
        "AddOrderLines": CHANGERS,
        "UpdateOrderLine": CHANGERS,
        "RemoveOrderLine": CHANGERS,
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def OpenCart(self, request: pb.OpenCartRequest, ctx: Any) -> pb.OpenCartResponse:
        v = Violations()
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        v.raise_if_any()
        order = await use_cases.open_cart(self._infra, account_id)
        return pb.OpenCartResponse(order=wire.order(order))

    async def CreateOrder(self, request: pb.CreateOrderRequest, ctx: Any) -> pb.CreateOrderResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id, required=False)
        if order_id is not None and order_id.version != 7:
            v.add("order_id", "must be a UUID of version 7")
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        lines = parsing.lines(v, request.lines, required=False)
        header = header_change.given(v, request)
        v.raise_if_any()
        key = answers.key("CreateOrder", request, request.request_id)
        fingerprint = key.fingerprint if key is not None else idempotency.fingerprint(request)
        command = use_cases.CreateOrder(account_id, lines, header, order_id, fingerprint, key)
        created: pb.CreateOrderResponse = await use_cases.create_order(self._infra, command, _CREATE)
        return created

    async def GetOrder(self, request: pb.GetOrderRequest, ctx: Any) -> pb.GetOrderResponse:
        v, order_id = parsing.order_id(request.order_id)
        v.raise_if_any()
        assert order_id is not None
        order, activity = await listing.get_page(self._infra, order_id)
        answer = pb.GetOrderResponse(order=wire.order(order))
        answer.order.activity.CopyFrom(wire.activity(activity))
        return answer

    async def BatchGetOrders(self, request: pb.BatchGetOrdersRequest, ctx: Any) -> pb.BatchGetOrdersResponse:
        v = Violations()
        order_ids = parsing.order_ids(v, request.order_ids, _AT_ONCE)
        v.raise_if_any()
        found = await store.find_several(self._infra.engine, order_ids)
        return pb.BatchGetOrdersResponse(orders=map(wire.order, found))

    async def ListOrders(self, request: pb.ListOrdersRequest, ctx: Any) -> pb.ListOrdersResponse:
        v = Violations()
        command = list_request.wanted(v, request)
        v.raise_if_any()
        filters = {"filters": str(command), "caller": str(access.caller())}
        page = paging.decode(request.page_size, request.page_token, filters)
        found = await listing.list_orders(self._infra, command, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token(found[-1].key(command.sort), filters)
        return pb.ListOrdersResponse(orders=[_summary(each) for each in found], next_page_token=token)

    async def UpdateOrder(self, request: pb.UpdateOrderRequest, ctx: Any) -> pb.UpdateOrderResponse:
        v = Violations()
        order_id = fields.identifier(v, "order.id", request.order.id)
        change = header_change.masked(v, request.order, request.update_mask.paths)
        v.raise_if_any()
        assert order_id is not None
        key = answers.key("UpdateOrder", request, request.request_id)
        edit = Edit(order_id, request.order.etag, key)
        answer: pb.UpdateOrderResponse = await use_cases.update_order(self._infra, edit, change, _UPDATE)
        return answer

    async def AddOrderLines(self, request: pb.AddOrderLinesRequest, ctx: Any) -> pb.AddOrderLinesResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        lines = parsing.lines(v, request.lines, required=True)
        v.raise_if_any()
        assert order_id is not None
        edit = Edit(order_id, request.etag, answers.key("AddOrderLines", request, request.request_id))
        answer: pb.AddOrderLinesResponse = await edit_sheet(self._infra, edit, changes.AddLines(lines), _ADD)
        return answer

    async def UpdateOrderLine(
        self, request: pb.UpdateOrderLineRequest, ctx: Any
    ) -> pb.UpdateOrderLineResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        line_id = fields.identifier(v, "line_id", request.line_id)
        references = parsing.line_references(v, "line", request.line)
        named = _line_mask(v, request)
        quantity = (
            parsing.quantity(v, "line.quantity", request.line.quantity) if "quantity" in named else None
        )
        v.raise_if_any()
        assert order_id is not None
        assert line_id is not None
        wanted = {name: value for name, value in references.items() if name in named}
        change = changes.ChangeLine(line_id, quantity, wanted)
        edit = Edit(order_id, request.etag, answers.key("UpdateOrderLine", request, request.request_id))
        answer: pb.UpdateOrderLineResponse = await edit_sheet(self._infra, edit, change, _CHANGE)
        return answer

    async def RemoveOrderLine(
        self, request: pb.RemoveOrderLineRequest, ctx: Any
    ) -> pb.RemoveOrderLineResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        line_id = fields.identifier(v, "line_id", request.line_id)
        v.raise_if_any()
        assert order_id is not None
        assert line_id is not None
        edit = Edit(order_id, request.etag, answers.key("RemoveOrderLine", request, request.request_id))
        answer: pb.RemoveOrderLineResponse = await edit_sheet(
            self._infra, edit, changes.RemoveLine(line_id), _REMOVE
        )
        return answer


_LINE_FIELDS = ("quantity", "line_reference", "cost_centre", "requested_delivery_date", "note", "budget_code")


def _line_mask(v: Violations, request: pb.UpdateOrderLineRequest) -> frozenset[str]:
    """The fields to change: those named, or those that are set when none is named."""
    paths = [path.removeprefix("line.") for path in request.update_mask.paths]
    if "*" in paths:
        return frozenset(_LINE_FIELDS)
    for path in paths[:200]:
        if path not in pb.LineInput.DESCRIPTOR.fields_by_name:
            v.add("update_mask", f"{path[:100]!r} is not a field of a line", "UNKNOWN_FIELD")
    if paths:
        return frozenset(paths)
    return frozenset(field.name for field, _ in request.line.ListFields())


def _summary(each: OrderSummary) -> pb.OrderSummary:
    return pb.OrderSummary(
        id=str(each.id),
        number=each.number,
        state=wire.state(each.state),
        parties=wire.parties(each.parties),
        order_reference=each.order_reference,
        total=wire.amount(each.total, each.currency),
        line_count=each.line_count,
        create_time=wire.time(each.create_time),
        place_time=wire.time(each.place_time),
    )
