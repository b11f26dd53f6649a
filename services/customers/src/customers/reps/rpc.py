"""RepresentativeService: the file of representatives and their accounts."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from commis.customers.v1 import representatives_pb2 as pb
from commis.customers.v1 import representatives_pb2_grpc
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, etag, fields, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from customers import callers, folding, masks, transactions
from customers.people import wire as people_wire
from customers.people.store import NewPerson
from customers.reps import queries, use_cases
from customers.reps.errors import RepresentativeNotFound
from customers.reps.queries import RepresentativeView
from customers.reps.use_cases import NewRepresentative, RepresentativeChange

KEEPERS = access.staff("ORDER_DESK")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,19}", re.ASCII)
_WRITABLE = ("rep_code", "first_name", "last_name", "email", "language_code", "active")
_READ_ONLY = ("id", "assigned_account_count", "create_time", "update_time", "etag")
Answer = TypeVar("Answer", bound=Message)
Assigning = pb.AssignAccountRequest | pb.UnassignAccountRequest


class RepresentativeServicer(representatives_pb2_grpc.RepresentativeServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateRepresentative": KEEPERS,
        "GetRepresentative": access.any_of(access.staff(), access.reps(), access.services("customers.read")),
        "UpdateRepresentative": KEEPERS,
        "ListRepresentatives": access.any_of(access.staff(), access.services("customers.read")),
        "AssignAccount": KEEPERS,
        "UnassignAccount": KEEPERS,
    }

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def CreateRepresentative(
        self, request: pb.CreateRepresentativeRequest, context: Any
    ) -> pb.CreateRepresentativeResponse:
        found, sent = Violations(), request.representative
        new = NewRepresentative(
            rep_code=_rep_code(found, "representative.rep_code", sent.rep_code),
            person=NewPerson(
                first_name=people_wire.name(found, "representative.first_name", sent.first_name),
                last_name=people_wire.name(found, "representative.last_name", sent.last_name),
                email=people_wire.email(found, "representative.email", sent.email),
                language_code=fields.language(found, "representative.language_code", sent.language_code),
            ),
        )
        found.raise_if_any()

        async def work(session: AsyncSession, who: Principal) -> pb.CreateRepresentativeResponse:
            created = await use_cases.create_representative(session, new)
            view = await queries.get_representative(session, created)
            return pb.CreateRepresentativeResponse(representative=answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.CreateRepresentativeResponse, work
        )

    async def GetRepresentative(
        self, request: pb.GetRepresentativeRequest, context: Any
    ) -> pb.GetRepresentativeResponse:
        found = Violations()
        rep_id = fields.identifier(found, "representative_id", request.representative_id)
        found.raise_if_any()
        assert rep_id is not None
        async with transactions.reading(self._sessions) as (session, who):
            if not callers.sees_all(who) and callers.rep_of(who) != rep_id:
                raise RepresentativeNotFound(rep_id)
            view = await queries.get_representative(session, rep_id)
        return pb.GetRepresentativeResponse(representative=answer(view))

    async def UpdateRepresentative(
        self, request: pb.UpdateRepresentativeRequest, context: Any
    ) -> pb.UpdateRepresentativeResponse:
        found, sent = Violations(), request.representative
        rep_id = fields.identifier(found, "representative.id", sent.id)
        paths = masks.paths(found, request.update_mask, sent, _WRITABLE, _READ_ONLY)
        values = {path: _value(found, path, sent) for path in paths}
        found.raise_if_any()
        assert rep_id is not None
        change = RepresentativeChange(rep_id, sent.etag, values)

        async def work(session: AsyncSession, who: Principal) -> pb.UpdateRepresentativeResponse:
            await use_cases.update_representative(session, change)
            view = await queries.get_representative(session, change.rep_id)
            return pb.UpdateRepresentativeResponse(representative=answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.UpdateRepresentativeResponse, work
        )

    async def ListRepresentatives(
        self, request: pb.ListRepresentativesRequest, context: Any
    ) -> pb.ListRepresentativesResponse:
        found = Violations()
        query = fields.text(found, "query", request.query)
        found.raise_if_any()
        filters = {"query": query, "list": "representatives"}
        page = paging.decode(request.page_size, request.page_token, filters)
        words = folding.query_words(query) if query else None
        async with transactions.reading(self._sessions) as (session, _who):
            views = await queries.list_representatives(session, words, page)
        answered = pb.ListRepresentativesResponse(representatives=map(answer, views[: page.size]))
        if len(views) > page.size:
            answered.next_page_token = paging.next_token((views[page.size - 1].rep_code,), filters)
        return answered

    async def AssignAccount(self, request: pb.AssignAccountRequest, context: Any) -> pb.AssignAccountResponse:
        return await self._assigning(request, pb.AssignAccountResponse, use_cases.assign_account)

    async def UnassignAccount(
        self, request: pb.UnassignAccountRequest, context: Any
    ) -> pb.UnassignAccountResponse:
        return await self._assigning(request, pb.UnassignAccountResponse, use_cases.unassign_account)

    async def _assigning(
        self,
        request: Assigning,
        response_type: type[Answer],
        use_case: Callable[[AsyncSession, UUID, UUID], Awaitable[None]],
    ) -> Answer:
        found = Violations()
        rep_id = fields.identifier(found, "representative_id", request.representative_id)
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert rep_id is not None
        assert account_id is not None

        async def work(session: AsyncSession, who: Principal) -> Answer:
            await use_case(session, rep_id, account_id)
            return response_type()

        return await transactions.once(self._sessions, request, request.request_id, response_type, work)


def _rep_code(found: Violations, field: str, text: str) -> str:
    code = people_wire.line(found, field, text, required=True, max_length=20).upper()
    if code and not _CODE.fullmatch(code):
        found.add(field, "must consist of letters, digits, '.', '-' and '_'")
    return code


def _value(found: Violations, path: str, sent: pb.Representative) -> Any:
    field = f"representative.{path}"
    match path:
        case "rep_code":
            return _rep_code(found, field, sent.rep_code)
        case "email":
            return people_wire.email(found, field, sent.email)
        case "language_code":
            return fields.language(found, field, sent.language_code)
        case "active":
            return sent.active
    return people_wire.name(found, field, getattr(sent, path))


def answer(view: RepresentativeView) -> pb.Representative:
    built = pb.Representative(
        id=str(view.id),
        rep_code=view.rep_code,
        first_name=view.first_name,
        last_name=view.last_name,
        email=view.email,
        language_code=view.language_code,
        active=view.active,
        assigned_account_count=view.assigned_account_count,
        etag=etag.format(view.version),
    )
    built.create_time.FromDatetime(view.create_time)
    built.update_time.FromDatetime(view.update_time)
    return built
