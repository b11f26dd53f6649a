"""LegalCapService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import legal_caps_pb2 as pb
from commis.catalog.v1 import legal_caps_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.legal_caps import events, store, wire
from catalog.pricing.quote import Quoter
from chassis import access, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_STAFF = access.staff("CATALOGUE", "FINANCE")


class LegalCapServicer(legal_caps_pb2_grpc.LegalCapServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateLegalCap": _STAFF,
        "EndLegalCap": _STAFF,
        "ListLegalCaps": _STAFF,
    }

    def __init__(self, sessions: Sessions, quoter: Quoter) -> None:
        self._sessions = sessions
        self._quoter = quoter

    async def CreateLegalCap(
        self, request: pb.CreateLegalCapRequest, _context: Any
    ) -> pb.CreateLegalCapResponse:
        v = Violations()
        new = wire.new_cap(v, request.legal_cap, self._quoter.clock().today)
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.CreateLegalCapResponse:
            view = await store.create(session, new)
            events.legal_cap_changed(session, view.id)
            return pb.CreateLegalCapResponse(legal_cap=wire.to_proto(view))

        return await commands.once(self._sessions, "CreateLegalCap", request, pb.CreateLegalCapResponse, work)

    async def EndLegalCap(self, request: pb.EndLegalCapRequest, _context: Any) -> pb.EndLegalCapResponse:
        v = Violations()
        cap_id = fields.identifier(v, "legal_cap_id", request.legal_cap_id)
        end = fields.date(v, "valid_to", request.valid_to)
        if end is None and not any(found.field == "valid_to" for found in v):
            v.add("valid_to", "is required", "REQUIRED")
        elif end is not None and end < self._quoter.clock().today:
            v.add("valid_to", "must not be in the past: those days were priced with the rule", "OUT_OF_RANGE")
        v.raise_if_any()
        assert cap_id is not None
        assert end is not None

        async def work(session: AsyncSession) -> pb.EndLegalCapResponse:
            view = await store.end(session, cap_id, end)
            events.legal_cap_changed(session, view.id)
            return pb.EndLegalCapResponse(legal_cap=wire.to_proto(view))

        return await commands.once(self._sessions, "EndLegalCap", request, pb.EndLegalCapResponse, work)

    async def ListLegalCaps(
        self, request: pb.ListLegalCapsRequest, _context: Any
    ) -> pb.ListLegalCapsResponse:
        v = Violations()
        only = wire.jurisdiction(v, "jurisdiction", request.jurisdiction) if request.jurisdiction else None
        v.raise_if_any()
        filters = {"jurisdiction": request.jurisdiction}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = (page.after[0], page.after[1]) if page.after else None
        async with self._sessions() as session:
            views = await store.list_page(session, only, after, page.size + 1)
        more = views[page.size :]
        last = views[page.size - 1] if more else None
        token = paging.next_token((last.jurisdiction, last.id), filters) if last is not None else ""
        built = [wire.to_proto(view) for view in views[: page.size]]
        return pb.ListLegalCapsResponse(legal_caps=built, next_page_token=token)
