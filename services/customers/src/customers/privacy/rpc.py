"""DataProtectionService."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.customers.v1 import privacy_pb2 as pb
from commis.customers.v1 import privacy_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from customers import transactions
from customers.privacy import archive, erasures, exports, wire
from customers.privacy.models import OTHERS
from customers.sessions.throttle import Throttle
from customers.vault import Vault

_PEOPLE = access.any_of(access.staff("ADMIN"), access.accounts())
_SERVICES = access.services("customers.data-protection")
MAX_PART = 3 * 1024 * 1024


class DataProtectionServicer(privacy_pb2_grpc.DataProtectionServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "StartDataExport": _PEOPLE,
        "GetDataExport": _PEOPLE,
        "DownloadDataExport": _PEOPLE,
        "StartErasure": _PEOPLE,
        "GetErasure": _PEOPLE,
        "AddExportPart": _SERVICES,
        "ReportErasure": _SERVICES,
        "GetErasureSubjects": _SERVICES,
    }

    def __init__(self, sessions: Sessions, vault: Vault, throttle: Throttle) -> None:
        self._sessions = sessions
        self._vault = vault
        self._throttle = throttle

    async def StartDataExport(
        self, request: pb.StartDataExportRequest, context: Any
    ) -> pb.StartDataExportResponse:
        account_id, person_id = _whose(request)

        async def work(session: AsyncSession, who: Principal) -> pb.StartDataExportResponse:
            view = await exports.start(session, who, account_id, person_id)
            return pb.StartDataExportResponse(data_export=wire.data_export(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.StartDataExportResponse, work
        )

    async def GetDataExport(self, request: pb.GetDataExportRequest, context: Any) -> pb.GetDataExportResponse:
        export_id = _one(request, "data_export_id")
        async with transactions.reading(self._sessions) as (session, who):
            view = await exports.get_visible(session, who, export_id)
        return pb.GetDataExportResponse(data_export=wire.data_export(view))

    async def DownloadDataExport(
        self, request: pb.DownloadDataExportRequest, context: Any
    ) -> AsyncIterator[pb.DownloadDataExportResponse]:
        export_id = _one(request, "data_export_id")
        async with transactions.reading(self._sessions) as (session, who):
            view = await exports.get_visible(session, who, export_id)
        async for piece in archive.stream(self._sessions, view):
            yield pb.DownloadDataExportResponse(content=piece)

    async def StartErasure(self, request: pb.StartErasureRequest, context: Any) -> pb.StartErasureResponse:
        account_id, person_id = _whose(request)

        async def work(session: AsyncSession, who: Principal) -> pb.StartErasureResponse:
            view = await erasures.start(session, self._vault, self._throttle, who, account_id, person_id)
            return pb.StartErasureResponse(erasure=wire.erasure(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.StartErasureResponse, work
        )

    async def GetErasure(self, request: pb.GetErasureRequest, context: Any) -> pb.GetErasureResponse:
        erasure_id = _one(request, "erasure_id")
        async with transactions.reading(self._sessions) as (session, who):
            view = await erasures.get_visible(session, who, erasure_id)
        return pb.GetErasureResponse(erasure=wire.erasure(view))

    async def AddExportPart(self, request: pb.AddExportPartRequest, context: Any) -> pb.AddExportPartResponse:
        found = Violations()
        export_id = fields.identifier(found, "data_export_id", request.data_export_id)
        service = _service(found, request.service)
        if not 1 <= request.part <= 100_000:
            found.add("part", "must be from 1 to 100000", "OUT_OF_RANGE")
        if len(request.content) > MAX_PART:
            found.add("content", f"must have at most {MAX_PART} bytes", "TOO_LONG")
        elif not await asyncio.to_thread(_is_json, request.content):
            found.add("content", "must be JSON in UTF-8")
        found.raise_if_any()
        assert export_id is not None
        async with self._sessions.begin() as session:
            await exports.add_part(
                session, export_id, service, request.part, last=request.last, content=request.content
            )
        return pb.AddExportPartResponse()

    async def ReportErasure(self, request: pb.ReportErasureRequest, context: Any) -> pb.ReportErasureResponse:
        found = Violations()
        erasure_id = fields.identifier(found, "erasure_id", request.erasure_id)
        service = _service(found, request.service)
        erased = wire.items(found, "erased", request.erased, kept=False)
        kept = wire.items(found, "kept", request.kept, kept=True)
        found.raise_if_any()
        assert erasure_id is not None
        async with self._sessions.begin() as session:
            await erasures.report(session, erasure_id, service, wire.counted(erased), wire.explained(kept))
        return pb.ReportErasureResponse()

    async def GetErasureSubjects(
        self, request: pb.GetErasureSubjectsRequest, context: Any
    ) -> pb.GetErasureSubjectsResponse:
        erasure_id = _one(request, "erasure_id")
        async with self._sessions() as session:
            known = await erasures.subjects(session, self._vault, erasure_id)
        return pb.GetErasureSubjectsResponse(emails=known.emails, needles=known.needles)


def _whose(request: pb.StartDataExportRequest | pb.StartErasureRequest) -> tuple[UUID, UUID | None]:
    found = Violations()
    account_id = fields.identifier(found, "account_id", request.account_id)
    person_id = fields.identifier(found, "person_id", request.person_id, required=False)
    found.raise_if_any()
    assert account_id is not None
    return account_id, person_id


def _one(request: Any, field: str) -> UUID:
    found = Violations()
    parsed = fields.identifier(found, field, getattr(request, field))
    found.raise_if_any()
    assert parsed is not None
    return parsed


def _service(found: Violations, name: str) -> str:
    if name not in OTHERS:
        found.add("service", f"must be one of {', '.join(OTHERS)}")
    return name


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
