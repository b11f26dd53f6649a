"""QuickEntryService: requests to arguments, entries to rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import pricing_pb2
from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc, orders_pb2

from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders import answers, parsing, wire
from orders.answers import Reply
from orders.domain.model import Order
from orders.entry import use_cases
from orders.entry.apart import WorkbookReader
from orders.entry.domain import Entry
from orders.entry.use_cases import Content, Found
from orders.infrastructure import Infrastructure
from orders.sheets.domain import LineFields
from orders.sheets.editing import Edit
from orders.sheets.rpc import CHANGERS

_STATES = {name.removeprefix("STATE_"): number for name, number in pb.EntryRow.State.items()}
_LONGEST_ECHO = 200  # characters of what was given
_MOST_UNREAD = 50  # columns


class QuickEntryServicer(entry_pb2_grpc.QuickEntryServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CheckEntry": CHANGERS,
        "AddEntry": CHANGERS,
        "CheckReorder": CHANGERS,
        "AddReorder": CHANGERS,
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra
        self._workbooks = WorkbookReader()

    async def CheckEntry(self, request: pb.CheckEntryRequest, ctx: Any) -> pb.CheckEntryResponse:
        v, order_id = parsing.order_id(request.order_id)
        given = _content(v, request.format, request.content)
        v.raise_if_any()
        assert order_id is not None
        found = await use_cases.check_entry(self._infra, self._workbooks, order_id, given)
        return pb.CheckEntryResponse(
            rows=map(_row, found.entries), ok_count=len(found.good), unread_columns=_unread(found)
        )

    async def AddEntry(self, request: pb.AddEntryRequest, ctx: Any) -> pb.AddEntryResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        given = _content(v, request.format, request.content)
        v.raise_if_any()
        assert order_id is not None
        edit = Edit(order_id, request.etag, answers.key("AddEntry", request, request.request_id))

        def reply(found: Found) -> Reply[pb.AddEntryResponse]:
            def build(order: Order) -> pb.AddEntryResponse:
                return pb.AddEntryResponse(
                    rows=map(_row, found.entries),
                    added_count=len(found.good),
                    order=wire.order(order),
                    unread_columns=_unread(found),
                )

            return Reply(build, pb.AddEntryResponse.FromString)

        return await use_cases.add_entry(self._infra, self._workbooks, edit, given, reply)

    async def CheckReorder(self, request: pb.CheckReorderRequest, ctx: Any) -> pb.CheckReorderResponse:
        v, order_id = parsing.order_id(request.order_id)
        past_id = fields.identifier(v, "past_order_id", request.past_order_id)
        v.raise_if_any()
        assert order_id is not None
        assert past_id is not None
        found = await use_cases.check_reorder(self._infra, order_id, past_id)
        return pb.CheckReorderResponse(rows=map(_row, found.entries), ok_count=len(found.good))

    async def AddReorder(self, request: pb.AddReorderRequest, ctx: Any) -> pb.AddReorderResponse:
        v, order_id = parsing.order_id(request.order_id, request.etag)
        past_id = fields.identifier(v, "past_order_id", request.past_order_id)
        v.raise_if_any()
        assert order_id is not None
        assert past_id is not None
        edit = Edit(order_id, request.etag, answers.key("AddReorder", request, request.request_id))

        def reply(found: Found) -> Reply[pb.AddReorderResponse]:
            def build(order: Order) -> pb.AddReorderResponse:
                rows = map(_row, found.entries)
                return pb.AddReorderResponse(rows=rows, added_count=len(found.good), order=wire.order(order))

            return Reply(build, pb.AddReorderResponse.FromString)

        return await use_cases.add_reorder(self._infra, edit, past_id, reply)


def _content(v: Violations, given: int, content: bytes) -> Content:
    name = fields.enum(v, "format", given, pb.EntryFormat)
    if not content:
        v.add("content", "is required", "REQUIRED")
    return Content(workbook=name == "ENTRY_FORMAT_XLSX", content=content)


def _unread(found: Found) -> list[str]:
    return [_sendable(each) for each in found.unread[:_MOST_UNREAD]]


def _row(entry: Entry) -> pb.EntryRow:
    row = pb.EntryRow(
        row=entry.row,
        state=_STATES[entry.state],
        code=_sendable(entry.code),
        given_quantity=_sendable(entry.given_quantity),
        line=None if entry.line is None else _line(entry.line),
        description=entry.description,
        remark=_sendable(entry.remark, 500),
        candidates=[
            pb.EntryCandidate(variant_id=str(each.variant_id), sku=each.sku, description=each.description)
            for each in entry.candidates
        ],
    )
    if entry.quote is not None:
        row.total.CopyFrom(wire.amount(entry.quote.total, entry.quote.currency))
        stock = pricing_pb2.Availability.FromString(entry.quote.availability)
        row.available_quantity = stock.available_quantity
        if stock.HasField("expected_date"):
            row.expected_date.CopyFrom(stock.expected_date)
    return row


def _line(line: LineFields) -> orders_pb2.LineInput:
    """As AddOrderLines would take it."""
    return orders_pb2.LineInput(
        variant_id=str(line.variant_id),
        quantity=line.quantity,
        line_reference=line.line_reference,
        cost_centre=line.cost_centre,
        requested_delivery_date=wire.date(line.requested_delivery_date),
        note=line.note,
        budget_code=line.budget_code,
    )


def _sendable(text: str, longest: int = _LONGEST_ECHO) -> str:
    """What no message can carry is shown as a question mark."""
    return text[:longest].encode("utf-8", "replace").decode("utf-8")
