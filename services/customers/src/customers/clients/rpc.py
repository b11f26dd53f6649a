"""The RPCs of CarePlatformService about clients, care workers and refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.customers.v1 import platforms_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import FieldViolation, InvalidFields, Violations
from customers import callers, transactions
from customers.clients import use_cases
from customers.handoffs import refusals, withdrawal
from customers.handoffs.refusals import RefusalView
from customers.platforms import queries
from customers.platforms import wire as platform_wire

_KEEPERS = access.staff(*callers.ACCOUNT_KEEPERS)
_OWN = access.any_of(_KEEPERS, access.of_kind(queries.PLATFORM, "a care platform"))


class ClientRpcs:
    """Mixed into CarePlatformServicer."""

    RULES: ClassVar[Mapping[str, Rule]] = {
        "UpdateClient": _KEEPERS,
        "CloseClient": _OWN,
        "EndAssistedSessions": _OWN,
        "ListHandoffRefusals": _OWN,
    }
    _sessions: Sessions

    async def UpdateClient(self, request: pb.UpdateClientRequest, context: Any) -> pb.UpdateClientResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        methods = platform_wire.payment_methods(found, "payment_methods", request.payment_methods)
        found.raise_if_any()
        assert account_id is not None

        async def work(session: AsyncSession, who: Principal) -> pb.UpdateClientResponse:
            await use_cases.agree(session, account_id, methods)
            return pb.UpdateClientResponse()

        return await transactions.once(
            self._sessions, request, request.request_id, pb.UpdateClientResponse, work
        )

    async def CloseClient(self, request: pb.CloseClientRequest, context: Any) -> pb.CloseClientResponse:
        found = Violations()
        named = fields.identifier(found, "platform_id", request.platform_id, required=False)
        external_id = platform_wire.external_id(found, "external_id", request.external_id)
        found.raise_if_any()

        async def work(session: AsyncSession, who: Principal) -> pb.CloseClientResponse:
            platform_id = await _platform(session, who, named)
            await use_cases.close(session, platform_id, external_id)
            return pb.CloseClientResponse()

        return await transactions.once(
            self._sessions, request, request.request_id, pb.CloseClientResponse, work
        )

    async def EndAssistedSessions(
        self, request: pb.EndAssistedSessionsRequest, context: Any
    ) -> pb.EndAssistedSessionsResponse:
        found = Violations()
        named = fields.identifier(found, "platform_id", request.platform_id, required=False)
        subject = platform_wire.external_id(found, "care_worker_subject", request.care_worker_subject)
        found.raise_if_any()

        async def work(session: AsyncSession, who: Principal) -> pb.EndAssistedSessionsResponse:
            platform_id = await _platform(session, who, named)
            ended = await withdrawal.end_all_of_care_worker(session, platform_id, subject)
            return pb.EndAssistedSessionsResponse(ended_count=ended)

        return await transactions.once(
            self._sessions, request, request.request_id, pb.EndAssistedSessionsResponse, work
        )

    async def ListHandoffRefusals(
        self, request: pb.ListHandoffRefusalsRequest, context: Any
    ) -> pb.ListHandoffRefusalsResponse:
        found = Violations()
        named = fields.identifier(found, "platform_id", request.platform_id, required=False)
        found.raise_if_any()
        async with transactions.reading(self._sessions) as (session, who):
            platform_id = await queries.platform_for(session, who, named)
            filters = {"list": "refusals", "platform": str(platform_id)}
            page = paging.decode(request.page_size, request.page_token, filters)
            views = await refusals.list_refusals(session, platform_id, page)
        shown = views[: page.size]
        answered = pb.ListHandoffRefusalsResponse(refusals=map(_answer, shown))
        if len(views) > page.size:
            answered.next_page_token = paging.next_token((shown[-1].id,), filters)
        return answered


async def _platform(session: AsyncSession, who: Principal, named: UUID | None) -> UUID:
    """Raises InvalidFields when staff named none, CarePlatformNotFound, PlatformNotActive."""
    platform_id = await queries.platform_for(session, who, named)
    if platform_id is None:
        raise InvalidFields([FieldViolation("platform_id", "is required", "REQUIRED")])
    return platform_id


def _answer(view: RefusalView) -> pb.HandoffRefusal:
    built = pb.HandoffRefusal(
        id=str(view.id),
        platform_id=str(view.platform_id or ""),
        reason=view.reason,
        cause=view.cause,
        client_address=view.client_address,
        request_id=view.request_id,
    )
    built.occur_time.FromDatetime(view.occur_time)
    return built
