"""BusinessProfileService: asking for a business profile, deciding about it, removing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.customers.v1 import accounts_pb2 as pb
from commis.customers.v1 import accounts_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, context, fields, idempotency, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import PermissionDenied, Violations
from customers import callers, transactions
from customers.business import queries, receipts, removal, use_cases, wire
from customers.business.decisions_rpc import DECIDERS, DecisionRpcs
from customers.business.errors import RegistrationClosed
from customers.business.removal import Removal
from customers.people import wire as people_wire
from customers.people.store import NewPerson
from customers.sessions.throttle import Throttle

VISITOR = "VISITOR"
# Not a public rule, which takes an expired token for none: somebody who sends one is no visitor and signs in again.
_VISITORS_TOO = Rule("anyone, but whoever signed in with a valid token", lambda request: True)


class BusinessProfileServicer(DecisionRpcs, accounts_pb2_grpc.BusinessProfileServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "RequestBusinessProfile": _VISITORS_TOO,
        "ListBusinessRequests": access.any_of(DECIDERS, access.accounts()),
        "GetBusinessRequest": access.any_of(access.staff(), access.accounts()),
        "RemoveBusinessProfile": access.any_of(access.staff("ADMIN"), access.accounts()),
        **DecisionRpcs.RULES,
    }

    def __init__(self, sessions: Sessions, throttle: Throttle, *, registration_open: bool) -> None:
        self._sessions = sessions
        self._throttle = throttle
        self._registration_open = registration_open

    async def RequestBusinessProfile(
        self, request: pb.RequestBusinessProfileRequest, context: Any
    ) -> pb.RequestBusinessProfileResponse:
        if not self._registration_open:
            raise RegistrationClosed
        who = _caller()
        if who is None:
            return await self._register(request)
        if who.acts_for_account is None:
            raise PermissionDenied("This needs an account, or nobody signed in.", needs="an account")
        return await self._request_for_account(request, who.acts_for_account)

    async def _register(self, request: pb.RequestBusinessProfileRequest) -> pb.RequestBusinessProfileResponse:
        found = Violations()
        person = NewPerson(
            first_name=people_wire.name(found, "first_name", request.first_name),
            last_name=people_wire.name(found, "last_name", request.last_name),
            email=people_wire.email(found, "email", request.email),
            language_code=fields.language(found, "language_code", request.language_code),
            phone=people_wire.phone(found, "phone", request.phone),
        )
        asked = wire.asked(found, request)
        found.raise_if_any()
        answer = pb.RequestBusinessProfileResponse()
        if not await self._throttle.may_register(person.email):
            return answer
        key = {"caller": VISITOR, "method": "RequestBusinessProfile", "request_id": request.request_id}
        async with self._sessions.begin() as session:
            stored = await idempotency.once(session, **key, request=request, response_type=type(answer))
            if stored is None:
                await use_cases.register(session, person, asked)
                await idempotency.remember(session, **key, response=answer)
        return answer

    async def _request_for_account(
        self, request: pb.RequestBusinessProfileRequest, account_id: UUID
    ) -> pb.RequestBusinessProfileResponse:
        found = Violations()
        wire.nothing_of_a_visitor(found, request)
        asked = wire.asked(found, request)
        found.raise_if_any()

        async def work(session: AsyncSession, who: Principal) -> pb.RequestBusinessProfileResponse:
            request_id = await use_cases.request_for_account(session, who, account_id, asked)
            view = await queries.get_request(session, who, request_id)
            return pb.RequestBusinessProfileResponse(business_request=wire.answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.RequestBusinessProfileResponse, work
        )

    async def ListBusinessRequests(
        self, request: pb.ListBusinessRequestsRequest, context: Any
    ) -> pb.ListBusinessRequestsResponse:
        found = Violations()
        named = fields.enum(found, "state", request.state, pb.BusinessRequest.State, required=False)
        found.raise_if_any()
        async with transactions.reading(self._sessions) as (session, who):
            state = named.removeprefix("STATE_") or ("PENDING" if callers.sees_all(who) else "")
            filters = {"state": state, "account": str(who.acts_for_account), "list": "business requests"}
            page = paging.decode(request.page_size, request.page_token, filters)
            views = await queries.list_requests(session, who, state, page)
        answer = pb.ListBusinessRequestsResponse(business_requests=map(wire.answer, views[: page.size]))
        if len(views) > page.size:
            answer.next_page_token = paging.next_token((views[page.size - 1].id,), filters)
        return answer

    async def GetBusinessRequest(
        self, request: pb.GetBusinessRequestRequest, context: Any
    ) -> pb.GetBusinessRequestResponse:
        found = Violations()
        request_id = fields.identifier(found, "business_request_id", request.business_request_id)
        found.raise_if_any()
        assert request_id is not None
        async with transactions.reading(self._sessions) as (session, who):
            view = await queries.get_request(session, who, request_id)
        return pb.GetBusinessRequestResponse(business_request=wire.answer(view))

    async def RemoveBusinessProfile(
        self, request: pb.RemoveBusinessProfileRequest, context: Any
    ) -> pb.RemoveBusinessProfileResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert account_id is not None
        command = Removal(account_id, request.etag)

        async def work(session: AsyncSession, who: Principal) -> pb.RemoveBusinessProfileResponse:
            receipt = await removal.remove_business_profile(session, who, command)
            return pb.RemoveBusinessProfileResponse(receipt=receipts.answer(receipt))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.RemoveBusinessProfileResponse, work
        )


def _caller() -> Principal | None:
    return context.current().principal
