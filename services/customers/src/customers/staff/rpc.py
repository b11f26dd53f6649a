"""StaffService: ADMIN keeps the staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from commis.customers.v1 import representatives_pb2 as pb
from commis.customers.v1 import representatives_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, etag, fields, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from customers import masks, transactions
from customers.people import wire as people_wire
from customers.people.store import NewPerson
from customers.staff import queries, use_cases
from customers.staff.queries import StaffView
from customers.staff.use_cases import NewStaffMember, StaffChange

KEEPERS = access.staff("ADMIN")
_WRITABLE = ("first_name", "last_name", "email", "language_code", "roles", "active")
_READ_ONLY = ("id", "etag")


class StaffServicer(representatives_pb2_grpc.StaffServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateStaffMember": KEEPERS,
        "UpdateStaffMember": KEEPERS,
        "ListStaffMembers": access.staff(),
    }

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def CreateStaffMember(
        self, request: pb.CreateStaffMemberRequest, context: Any
    ) -> pb.CreateStaffMemberResponse:
        found, sent = Violations(), request.staff_member
        new = NewStaffMember(
            person=NewPerson(
                first_name=people_wire.name(found, "staff_member.first_name", sent.first_name),
                last_name=people_wire.name(found, "staff_member.last_name", sent.last_name),
                email=people_wire.email(found, "staff_member.email", sent.email),
                language_code=fields.language(found, "staff_member.language_code", sent.language_code),
            ),
            roles=_roles(found, sent.roles),
        )
        found.raise_if_any()

        async def work(session: AsyncSession, who: Principal) -> pb.CreateStaffMemberResponse:
            created = await use_cases.create_staff_member(session, new)
            view = await queries.get_staff_member(session, created)
            return pb.CreateStaffMemberResponse(staff_member=answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.CreateStaffMemberResponse, work
        )

    async def UpdateStaffMember(
        self, request: pb.UpdateStaffMemberRequest, context: Any
    ) -> pb.UpdateStaffMemberResponse:
        found, sent = Violations(), request.staff_member
        staff_id = fields.identifier(found, "staff_member.id", sent.id)
        paths = masks.paths(found, request.update_mask, sent, _WRITABLE, _READ_ONLY)
        values = {path: _value(found, path, sent) for path in paths}
        found.raise_if_any()
        assert staff_id is not None
        change = StaffChange(staff_id, sent.etag, values)

        async def work(session: AsyncSession, who: Principal) -> pb.UpdateStaffMemberResponse:
            await use_cases.update_staff_member(session, change)
            view = await queries.get_staff_member(session, change.staff_id)
            return pb.UpdateStaffMemberResponse(staff_member=answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.UpdateStaffMemberResponse, work
        )

    async def ListStaffMembers(
        self, request: pb.ListStaffMembersRequest, context: Any
    ) -> pb.ListStaffMembersResponse:
        filters = {"list": "staff"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with transactions.reading(self._sessions) as (session, _who):
            views = await queries.list_staff_members(session, page)
        answered = pb.ListStaffMembersResponse(staff_members=map(answer, views[: page.size]))
        if len(views) > page.size:
            answered.next_page_token = paging.next_token((views[page.size - 1].id,), filters)
        return answered


def _roles(found: Violations, numbers: Sequence[int]) -> list[str]:
    """At least one; sorted, each once, without prefix."""
    names = [
        fields.enum(found, f"staff_member.roles[{index}]", number, pb.StaffRole)
        for index, number in enumerate(numbers)
    ]
    if not numbers:
        found.add("staff_member.roles", "needs at least one role", "REQUIRED")
    return sorted({name.removeprefix("STAFF_ROLE_") for name in names if name})


def _value(found: Violations, path: str, sent: pb.StaffMember) -> Any:
    field = f"staff_member.{path}"
    match path:
        case "roles":
            return _roles(found, sent.roles)
        case "email":
            return people_wire.email(found, field, sent.email)
        case "language_code":
            return fields.language(found, field, sent.language_code)
        case "active":
            return sent.active
    return people_wire.name(found, field, getattr(sent, path))


def answer(view: StaffView) -> pb.StaffMember:
    return pb.StaffMember(
        id=str(view.id),
        first_name=view.first_name,
        last_name=view.last_name,
        email=view.email,
        language_code=view.language_code,
        roles=[pb.StaffRole.Value(f"STAFF_ROLE_{role}") for role in view.roles],
        active=view.active,
        etag=etag.format(view.version),
    )
