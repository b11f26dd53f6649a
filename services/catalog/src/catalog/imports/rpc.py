"""ImportService."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from commis.catalog.v1 import imports_pb2 as pb
from commis.catalog.v1 import imports_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.attribution import attribution, caller
from catalog.imports import store
from catalog.imports.domain import MAX_PIECE, ImportEnded, ImportIncomplete, ImportView
from catalog.imports.upload import UploadImport, new_row, upload
from chassis import access, fields, outward, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from chassis.ids import new_id

_STAFF = access.staff("CATALOGUE")


class ImportServicer(imports_pb2_grpc.ImportServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        ("UploadImport", "FetchImport", "GetImport", "ListImports", "ListImportVerdicts", "CancelImport"),
        _STAFF,
    )

    def __init__(self, sessions: Sessions, nudge: Callable[[], None], *, internal_allowed: bool) -> None:
        """`internal_allowed`: files may be fetched from this network (the local profile)."""
        self._sessions = sessions
        self._nudge = nudge
        self._internal_allowed = internal_allowed

    async def UploadImport(
        self, request: AsyncIterator[pb.UploadImportRequest], _context: Any
    ) -> pb.UploadImportResponse:
        first = await anext(aiter(request), None)
        command = _header(first)
        view = await upload(self._sessions, command, _parts(request))
        self._nudge()
        return pb.UploadImportResponse(**{"import": _import(view)})  # the field name is a keyword

    async def FetchImport(self, request: pb.FetchImportRequest, _context: Any) -> pb.FetchImportResponse:
        v = Violations()
        command = replace(_command(v, request, ""), source_address=self._address(v, request.source_address))
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.FetchImportResponse:
            import_id = new_id()
            await store.add(session, new_row(import_id, replace(command, request_id=None), "PENDING"))
            view = await store.get(session, import_id)
            return pb.FetchImportResponse(**{"import": _import(view)})

        response = await commands.once(self._sessions, "FetchImport", request, pb.FetchImportResponse, work)
        self._nudge()
        return response

    def _address(self, v: Violations, sent: str) -> str:
        address = fields.text(v, "source_address", sent, required=True, max_length=2000)
        try:
            if address:
                outward.check_address(address, internal_allowed=self._internal_allowed)
        except outward.AddressRefused as refused:
            v.add("source_address", str(refused), "ADDRESS_REFUSED")
        return address

    async def GetImport(self, request: pb.GetImportRequest, _context: Any) -> pb.GetImportResponse:
        import_id = _required(request.import_id)
        async with self._sessions() as session:
            view = await store.get(session, import_id)
        return pb.GetImportResponse(**{"import": _import(view)})

    async def ListImports(self, request: pb.ListImportsRequest, _context: Any) -> pb.ListImportsResponse:
        filters = {"list": "imports"}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = page.after[0] if page.after else None
        async with self._sessions() as session:
            views = await store.list_page(session, after, page.size + 1)
        token = paging.next_token((views[page.size - 1].id,), filters) if views[page.size :] else ""
        return pb.ListImportsResponse(
            imports=[_import(view) for view in views[: page.size]], next_page_token=token
        )

    async def ListImportVerdicts(
        self, request: pb.ListImportVerdictsRequest, _context: Any
    ) -> pb.ListImportVerdictsResponse:
        v = Violations()
        import_id = fields.identifier(v, "import_id", request.import_id)
        outcome = fields.enum(v, "outcome", request.outcome, pb.ImportVerdict.Outcome, required=False)
        v.raise_if_any()
        assert import_id is not None
        filters = {"import": request.import_id, "outcome": outcome}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = page.after[0] if page.after else -1  # what concerns the whole message is record 0
        async with self._sessions() as session:
            await store.get(session, import_id)
            found = await store.list_verdicts(
                session, import_id, outcome.removeprefix("OUTCOME_"), after, page.size + 1
            )
        token = paging.next_token((found[page.size - 1][0],), filters) if found[page.size :] else ""
        return pb.ListImportVerdictsResponse(
            verdicts=[_verdict(*verdict) for verdict in found[: page.size]], next_page_token=token
        )

    async def CancelImport(self, request: pb.CancelImportRequest, _context: Any) -> pb.CancelImportResponse:
        import_id = _required(request.import_id)
        async with self._sessions.begin() as session:
            cancelled = await store.cancel(session, import_id)
            view = await store.get(session, import_id)
            if not cancelled and view.state != "CANCELLED":
                raise ImportEnded(import_id, view.state)
        if view.state == "CANCELLED":
            await store.clear(self._sessions, import_id)
        return pb.CancelImportResponse(**{"import": _import(view)})


def _header(first: pb.UploadImportRequest | None) -> UploadImport:
    v = Violations()
    sent = first.header if first is not None else pb.UploadImportHeader()
    if first is None or first.WhichOneof("part") != "header":
        v.add("header", "must be the first message", "REQUIRED")
        v.raise_if_any()
    command = _command(v, sent, "header.")
    v.raise_if_any()
    return command


def _command(v: Violations, sent: pb.UploadImportHeader | pb.FetchImportRequest, path: str) -> UploadImport:
    kind = fields.enum(v, f"{path}kind", sent.kind, pb.Import.Kind).removeprefix("KIND_")
    file_format = fields.enum(v, f"{path}format", sent.format, pb.Import.Format).removeprefix("FORMAT_")
    if file_format == "ONIX" and kind not in ("", "PRODUCTS"):
        v.add(f"{path}kind", "must be PRODUCTS for ONIX, which brings their prices along", "UNSUPPORTED")
    name = fields.text(v, f"{path}file_name", sent.file_name)
    request_id = fields.identifier(v, f"{path}request_id", sent.request_id, required=False)
    return UploadImport(kind, file_format, name, caller(), request_id, attribution().SerializeToString())


async def _parts(request: AsyncIterator[pb.UploadImportRequest]) -> AsyncIterator[bytes]:
    """The content up to the empty message that ends it. A stream that merely stops was cut off: its iterator ends
    just as that of a whole one, also when the client is gone.

    Raises ImportIncomplete.
    """
    number = 0
    async for message in request:
        number += 1
        v = Violations()
        if message.WhichOneof("part") != "content":
            v.add("content", f"must follow the header (message {number})", "REQUIRED")
        if len(message.content) > MAX_PIECE:
            v.add("content", f"must have at most {MAX_PIECE} bytes per message", "TOO_LONG")
        v.raise_if_any()
        if not message.content:
            return
        yield message.content
    raise ImportIncomplete()


def _required(text: str) -> UUID:
    v = Violations()
    parsed = fields.identifier(v, "import_id", text)
    v.raise_if_any()
    assert parsed is not None
    return parsed


def _import(view: ImportView) -> pb.Import:
    built = pb.Import(
        id=str(view.id),
        kind=pb.Import.Kind.Value(f"KIND_{view.kind}"),
        format=pb.Import.Format.Value(f"FORMAT_{view.format}"),
        file_name=view.file_name,
        state=pb.Import.State.Value(f"STATE_{view.state}"),
        total_bytes=view.total_bytes,
        processed_bytes=view.processed_bytes,
        accepted_count=view.accepted_count,
        changed_count=view.changed_count,
        unchanged_count=view.unchanged_count,
        refused_count=view.refused_count,
        error=view.error,
        source_address=view.source_address,
    )
    built.create_time.FromDatetime(view.create_time)
    if view.finish_time is not None:
        built.finish_time.FromDatetime(view.finish_time)
    return built


def _verdict(number: int, ref: str, outcome: str, findings: list[dict[str, Any]]) -> pb.ImportVerdict:
    return pb.ImportVerdict(
        record_number=number,
        record_ref=ref,
        outcome=pb.ImportVerdict.Outcome.Value(f"OUTCOME_{outcome}"),
        findings=[pb.ImportFinding(**finding) for finding in findings],
    )
