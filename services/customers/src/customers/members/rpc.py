"""MembershipService: the persons of a business account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.customers.v1 import accounts_pb2 as pb
from commis.customers.v1 import accounts_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from customers import callers, masks, transactions
from customers.accounts import queries as account_queries
from customers.members import queries, use_cases, wire
from customers.members.use_cases import Invitation, MemberChange
from customers.people import wire as people_wire
from customers.people.store import NewPerson

_WRITERS = access.any_of(access.staff(*callers.ACCOUNT_KEEPERS), access.accounts())
_READERS = access.any_of(access.staff(), access.reps(), access.accounts(), access.services("customers.read"))
_WRITABLE = ("role", "spending_limit")
_READ_ONLY = ("id", "first_name", "last_name", "email", "language_code", "active", "etag")


class MembershipServicer(accounts_pb2_grpc.MembershipServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "InvitePerson": _WRITERS,
        "ListMembers": _READERS,
        "UpdateMember": _WRITERS,
        "RemoveMember": _WRITERS,
    }

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def InvitePerson(self, request: pb.InvitePersonRequest, context: Any) -> pb.InvitePersonResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        person = NewPerson(
            first_name=people_wire.name(found, "first_name", request.first_name),
            last_name=people_wire.name(found, "last_name", request.last_name),
            email=people_wire.email(found, "email", request.email),
            language_code=fields.language(found, "language_code", request.language_code),
        )
        role = wire.role(found, "role", request.role)
        limit = wire.spending_limit(found, "spending_limit", request)
        found.raise_if_any()
        assert account_id is not None
        new = Invitation(account_id, person, role, limit)

        async def work(session: AsyncSession, who: Principal) -> pb.InvitePersonResponse:
            person_id = await use_cases.invite_person(session, who, new)
            view = await queries.get_member(session, new.account_id, person_id)
            return pb.InvitePersonResponse(person=wire.answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.InvitePersonResponse, work
        )

    async def ListMembers(self, request: pb.ListMembersRequest, context: Any) -> pb.ListMembersResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert account_id is not None
        filters = {"account": request.account_id, "list": "members"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with transactions.reading(self._sessions) as (session, who):
            await account_queries.require_visible(session, who, account_id)
            views = await queries.list_members(session, account_id, page)
        answer = pb.ListMembersResponse(persons=[wire.answer(view) for view in views[: page.size]])
        if len(views) > page.size:
            answer.next_page_token = paging.next_token((views[page.size - 1].id,), filters)
        return answer

    async def UpdateMember(self, request: pb.UpdateMemberRequest, context: Any) -> pb.UpdateMemberResponse:
        found, sent = Violations(), request.person
        account_id = fields.identifier(found, "account_id", request.account_id)
        person_id = fields.identifier(found, "person.id", sent.id)
        paths = masks.paths(found, request.update_mask, sent, _WRITABLE, _READ_ONLY)
        values: dict[str, Any] = {}
        if "role" in paths:
            values["role"] = wire.role(found, "person.role", sent.role)
        if "spending_limit" in paths:
            values["spending_limit"] = wire.spending_limit(found, "person.spending_limit", sent)
        found.raise_if_any()
        assert account_id is not None
        assert person_id is not None
        change = MemberChange(account_id, person_id, sent.etag, values)

        async def work(session: AsyncSession, who: Principal) -> pb.UpdateMemberResponse:
            await use_cases.update_member(session, who, change)
            view = await queries.get_member(session, change.account_id, change.person_id)
            return pb.UpdateMemberResponse(person=wire.answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.UpdateMemberResponse, work
        )

    async def RemoveMember(self, request: pb.RemoveMemberRequest, context: Any) -> pb.RemoveMemberResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        person_id = fields.identifier(found, "person_id", request.person_id)
        found.raise_if_any()
        assert account_id is not None
        assert person_id is not None

        async def work(session: AsyncSession, who: Principal) -> pb.RemoveMemberResponse:
            await use_cases.remove_member(session, who, account_id, person_id, request.etag)
            return pb.RemoveMemberResponse()

        return await transactions.once(
            self._sessions, request, request.request_id, pb.RemoveMemberResponse, work
        )
