"""SelectionService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.catalog.v1 import selections_pb2 as pb
from commis.catalog.v1 import selections_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.accounts import Accounts
from catalog.pricing.quote import Customer, Quoter
from catalog.selections import queries, use_cases, wire
from catalog.selections.domain import Reader
from catalog.selections.rows import rows_of
from chassis import access, context, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_STAFF = access.staff("CATALOGUE")
_SIGNED_IN = access.anyone_signed_in()


class SelectionServicer(selections_pb2_grpc.SelectionServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateSelection": _STAFF,
        "GetSelection": _SIGNED_IN,
        "UpdateSelection": _STAFF,
        "ListSelections": _SIGNED_IN,
        "SetSelectionEntries": _STAFF,
        "ListSelectionRows": _SIGNED_IN,
    }

    def __init__(self, sessions: Sessions, quoter: Quoter, accounts: Accounts) -> None:
        self._sessions = sessions
        self._quoter = quoter
        self._accounts = accounts

    async def CreateSelection(
        self, request: pb.CreateSelectionRequest, _context: Any
    ) -> pb.CreateSelectionResponse:
        v = Violations()
        content = wire.new_content(v, request.selection)
        entries = wire.entries(v, request.entries)
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.CreateSelectionResponse:
            view = await use_cases.create_selection(session, content, entries)
            return pb.CreateSelectionResponse(selection=wire.selection_to_proto(view, staff=True))

        return await commands.once(
            self._sessions, "CreateSelection", request, pb.CreateSelectionResponse, work
        )

    async def GetSelection(self, request: pb.GetSelectionRequest, _context: Any) -> pb.GetSelectionResponse:
        v = Violations()
        selection_id = fields.identifier(v, "selection_id", request.selection_id)
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        v.raise_if_any()
        assert selection_id is not None
        reader, _ = await self._reader(account_id)
        async with self._sessions() as session:
            view = await queries.get_selection(session, selection_id, reader, self._quoter.clock().today)
        return pb.GetSelectionResponse(selection=wire.selection_to_proto(view, staff=reader.staff))

    async def UpdateSelection(
        self, request: pb.UpdateSelectionRequest, _context: Any
    ) -> pb.UpdateSelectionResponse:
        v = Violations()
        selection_id = fields.identifier(v, "selection.id", request.selection.id)
        changes = wire.changes(v, request)
        v.raise_if_any()
        assert selection_id is not None

        async def work(session: AsyncSession) -> pb.UpdateSelectionResponse:
            view = await use_cases.update_selection(session, selection_id, changes, request.selection.etag)
            return pb.UpdateSelectionResponse(selection=wire.selection_to_proto(view, staff=True))

        return await commands.once(
            self._sessions, "UpdateSelection", request, pb.UpdateSelectionResponse, work
        )

    async def ListSelections(
        self, request: pb.ListSelectionsRequest, _context: Any
    ) -> pb.ListSelectionsResponse:
        v = Violations()
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        v.raise_if_any()
        filters = {"list": "selections", "account": request.account_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = page.after[0] if page.after else None
        reader, _ = await self._reader(account_id)
        today = self._quoter.clock().today
        async with self._sessions() as session:
            views = await queries.list_selections(session, reader, today, after, page.size + 1)
        token = paging.next_token((views[page.size - 1].id,), filters) if views[page.size :] else ""
        built = [wire.selection_to_proto(view, staff=reader.staff) for view in views[: page.size]]
        return pb.ListSelectionsResponse(selections=built, next_page_token=token)

    async def SetSelectionEntries(
        self, request: pb.SetSelectionEntriesRequest, _context: Any
    ) -> pb.SetSelectionEntriesResponse:
        v = Violations()
        selection_id = fields.identifier(v, "selection_id", request.selection_id)
        entries = wire.entries(v, request.entries)
        v.raise_if_any()
        assert selection_id is not None

        async def work(session: AsyncSession) -> pb.SetSelectionEntriesResponse:
            view = await use_cases.set_entries(session, selection_id, entries, request.etag)
            return pb.SetSelectionEntriesResponse(selection=wire.selection_to_proto(view, staff=True))

        return await commands.once(
            self._sessions, "SetSelectionEntries", request, pb.SetSelectionEntriesResponse, work
        )

    async def ListSelectionRows(
        self, request: pb.ListSelectionRowsRequest, _context: Any
    ) -> pb.ListSelectionRowsResponse:
        v = Violations()
        selection_id = fields.identifier(v, "selection_id", request.selection_id)
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        language = fields.language(v, "language_code", request.language_code) if request.language_code else ""
        v.raise_if_any()
        assert selection_id is not None
        filters = {"rows": request.selection_id, "account": request.account_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = page.after[0] if page.after else 0
        reader, customer = await self._reader(account_id)
        today = self._quoter.clock().today
        async with self._sessions() as session:
            view = await queries.get_selection(session, selection_id, reader, today)
            found = await queries.list_entries(session, selection_id, after, page.size + 1)
            entries = found[: page.size]
            rows = await rows_of(session, self._quoter, customer, view, entries, language)
        token = paging.next_token((entries[-1].position,), filters) if found[page.size :] else ""
        return pb.ListSelectionRowsResponse(rows=rows, next_page_token=token)

    async def _reader(self, account_id: UUID | None) -> tuple[Reader, Customer | None]:
        """Who reads, and the account that the caller orders for. Raises AccountNotFound."""
        customer = await self._accounts.find(account_id)
        staff = context.principal().kind == "STAFF"
        if customer is None:
            return Reader(staff), None
        return Reader(staff, customer.account_id, frozenset(customer.groups)), customer
