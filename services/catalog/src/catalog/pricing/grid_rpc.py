"""DiscountGridService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import pricing_pb2 as pb
from commis.catalog.v1 import pricing_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.accounts import Accounts
from catalog.pricing import events, grid, list_wire
from catalog.pricing.quote import Quoter
from chassis import access, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_STAFF = access.staff("CATALOGUE", "FINANCE")


class DiscountGridServicer(pricing_pb2_grpc.DiscountGridServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateDiscountRow": _STAFF,
        "EndDiscountRow": _STAFF,
        "ListDiscountRows": _STAFF,
    }

    def __init__(self, sessions: Sessions, quoter: Quoter, accounts: Accounts) -> None:
        self._sessions = sessions
        self._quoter = quoter
        self._accounts = accounts

    async def CreateDiscountRow(
        self, request: pb.CreateDiscountRowRequest, _context: Any
    ) -> pb.CreateDiscountRowResponse:
        v = Violations()
        new = list_wire.new_row(v, request.discount_row)
        v.raise_if_any()
        await self._accounts.check(new.account_id)

        async def work(session: AsyncSession) -> pb.CreateDiscountRowResponse:
            view = await grid.create(session, new)
            events.discount_row_changed(session, view.id)
            return pb.CreateDiscountRowResponse(discount_row=list_wire.row_to_proto(view))

        return await commands.once(
            self._sessions, "CreateDiscountRow", request, pb.CreateDiscountRowResponse, work
        )

    async def EndDiscountRow(
        self, request: pb.EndDiscountRowRequest, _context: Any
    ) -> pb.EndDiscountRowResponse:
        v = Violations()
        row_id = fields.identifier(v, "discount_row_id", request.discount_row_id)
        end = fields.date(v, "valid_to", request.valid_to)
        if end is None:
            v.add("valid_to", "is required", "REQUIRED")
        elif end < self._quoter.clock().today:
            v.add("valid_to", "must not be in the past: those days were priced with the row", "OUT_OF_RANGE")
        v.raise_if_any()
        assert row_id is not None
        assert end is not None

        async def work(session: AsyncSession) -> pb.EndDiscountRowResponse:
            view = await grid.end(session, row_id, end)
            events.discount_row_changed(session, view.id)
            return pb.EndDiscountRowResponse(discount_row=list_wire.row_to_proto(view))

        return await commands.once(self._sessions, "EndDiscountRow", request, pb.EndDiscountRowResponse, work)

    async def ListDiscountRows(
        self, request: pb.ListDiscountRowsRequest, _context: Any
    ) -> pb.ListDiscountRowsResponse:
        v = Violations()
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        group = list_wire.selecting(v, "group", request.group, max_length=100) or None
        v.raise_if_any()
        filters = {"account": request.account_id, "group": request.group}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = page.after[0] if page.after else None
        async with self._sessions() as session:
            views = await grid.list_page(session, account_id, group, after, page.size + 1)
        token = paging.next_token((views[page.size - 1].id,), filters) if views[page.size :] else ""
        built = [list_wire.row_to_proto(view) for view in views[: page.size]]
        return pb.ListDiscountRowsResponse(discount_rows=built, next_page_token=token)
