"""CarePlatformService: platforms and communities. The RPCs about clients come from clients.rpc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.customers.v1 import platforms_pb2 as pb
from commis.customers.v1 import platforms_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, fields, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from chassis.logs import log
from chassis.outward import AddressRefused, ForeignCallFailed
from customers import masks, transactions
from customers.clients.rpc import ClientRpcs
from customers.platforms import queries, use_cases, wire
from customers.platforms.partner_keys import PartnerKeys
from customers.platforms.use_cases import Change
from customers.platforms.wire import Checks

ADMIN = access.staff("ADMIN")
READERS = access.staff("ORDER_DESK", "FINANCE")
PLATFORM = access.of_kind(queries.PLATFORM, "a care platform")
_PLATFORM = (
    "display_name",
    "issuer",
    "audience",
    "jwks_uri",
    "jwks_json",
    "return_addresses",
    "storefront_address",
    "session_minutes",
    "statistics_detail",
)
_COMMUNITY = ("display_name", "residence_account_id", "email", "language_code", "payment_methods")


class CarePlatformServicer(ClientRpcs, platforms_pb2_grpc.CarePlatformServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateCarePlatform": ADMIN,
        "GetCarePlatform": READERS,
        "UpdateCarePlatform": ADMIN,
        "ListCarePlatforms": READERS,
        "CreateCommunity": ADMIN,
        "UpdateCommunity": ADMIN,
        "ListCommunities": access.any_of(READERS, PLATFORM),
        **ClientRpcs.RULES,
    }

    def __init__(self, sessions: Sessions, keys: PartnerKeys, checks: Checks) -> None:
        self._sessions = sessions
        self._keys = keys
        self._checks = checks

    async def CreateCarePlatform(
        self, request: pb.CreateCarePlatformRequest, context: Any
    ) -> pb.CreateCarePlatformResponse:
        found = Violations()
        values = self._checks.platform(found, request.care_platform, _PLATFORM)
        await self._check_published(found, values)
        found.raise_if_any()

        async def work(session: AsyncSession, who: Principal) -> pb.CreateCarePlatformResponse:
            created = await use_cases.create_platform(session, values)
            view = await queries.get_platform(session, created)
            return pb.CreateCarePlatformResponse(care_platform=wire.platform_answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.CreateCarePlatformResponse, work
        )

    async def _check_published(self, found: Violations, values: Mapping[str, Any]) -> None:
        """Private and symmetric keys at an address that answers are refused; one that does not answer yet may
        still be registered, its keys are looked at when they are needed."""
        uri = values.get("jwks_uri")
        if not uri or found:
            return
        field = "care_platform.jwks_uri"
        try:
            for problem in (await self._keys.fetch(uri)).problems:
                found.add(field, f"answers a key set that {problem.description}", problem.reason)
        except AddressRefused as error:
            found.add(field, str(error), "ADDRESS_REFUSED")
        except ForeignCallFailed as error:
            log.info("partner keys not there yet", error=str(error))

    async def GetCarePlatform(
        self, request: pb.GetCarePlatformRequest, context: Any
    ) -> pb.GetCarePlatformResponse:
        found = Violations()
        platform_id = fields.identifier(found, "care_platform_id", request.care_platform_id)
        found.raise_if_any()
        assert platform_id is not None
        async with transactions.reading(self._sessions) as (session, _who):
            view = await queries.get_platform(session, platform_id)
        return pb.GetCarePlatformResponse(care_platform=wire.platform_answer(view))

    async def UpdateCarePlatform(
        self, request: pb.UpdateCarePlatformRequest, context: Any
    ) -> pb.UpdateCarePlatformResponse:
        found, sent = Violations(), request.care_platform
        platform_id = fields.identifier(found, "care_platform.id", sent.id)
        writable = (*_PLATFORM, "active")
        paths = masks.paths(found, request.update_mask, sent, writable, ("id", "create_time", "etag"))
        values = self._checks.platform(found, sent, paths)
        await self._check_published(found, values)
        found.raise_if_any()
        assert platform_id is not None
        change = Change(platform_id, sent.etag, values)

        async def work(session: AsyncSession, who: Principal) -> pb.UpdateCarePlatformResponse:
            await use_cases.update_platform(session, change)
            view = await queries.get_platform(session, change.id)
            return pb.UpdateCarePlatformResponse(care_platform=wire.platform_answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.UpdateCarePlatformResponse, work
        )

    async def ListCarePlatforms(
        self, request: pb.ListCarePlatformsRequest, context: Any
    ) -> pb.ListCarePlatformsResponse:
        filters = {"list": "care platforms"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with transactions.reading(self._sessions) as (session, _who):
            views = await queries.list_platforms(session, page)
        shown = views[: page.size]
        answered = pb.ListCarePlatformsResponse(care_platforms=map(wire.platform_answer, shown))
        if len(views) > page.size:
            answered.next_page_token = paging.next_token((shown[-1].id,), filters)
        return answered

    async def CreateCommunity(
        self, request: pb.CreateCommunityRequest, context: Any
    ) -> pb.CreateCommunityResponse:
        found, sent = Violations(), request.community
        platform_id = fields.identifier(found, "community.platform_id", sent.platform_id)
        values = wire.community(found, sent, ("external_id", *_COMMUNITY))
        found.raise_if_any()
        assert platform_id is not None

        async def work(session: AsyncSession, who: Principal) -> pb.CreateCommunityResponse:
            created = await use_cases.create_community(session, platform_id, values)
            view = await queries.get_community(session, created)
            return pb.CreateCommunityResponse(community=wire.community_answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.CreateCommunityResponse, work
        )

    async def UpdateCommunity(
        self, request: pb.UpdateCommunityRequest, context: Any
    ) -> pb.UpdateCommunityResponse:
        found, sent = Violations(), request.community
        community_id = fields.identifier(found, "community.id", sent.id)
        fixed = ("id", "platform_id", "external_id", "create_time", "etag")
        paths = masks.paths(found, request.update_mask, sent, (*_COMMUNITY, "active"), fixed)
        values = wire.community(found, sent, paths)
        found.raise_if_any()
        assert community_id is not None
        change = Change(community_id, sent.etag, values)

        async def work(session: AsyncSession, who: Principal) -> pb.UpdateCommunityResponse:
            await use_cases.update_community(session, change)
            view = await queries.get_community(session, change.id)
            return pb.UpdateCommunityResponse(community=wire.community_answer(view))

        return await transactions.once(
            self._sessions, request, request.request_id, pb.UpdateCommunityResponse, work
        )

    async def ListCommunities(
        self, request: pb.ListCommunitiesRequest, context: Any
    ) -> pb.ListCommunitiesResponse:
        found = Violations()
        named = fields.identifier(found, "platform_id", request.platform_id, required=False)
        found.raise_if_any()
        async with transactions.reading(self._sessions) as (session, who):
            platform_id = await queries.platform_for(session, who, named)
            filters = {"list": "communities", "platform": str(platform_id)}
            page = paging.decode(request.page_size, request.page_token, filters)
            views = await queries.list_communities(session, platform_id, page)
        shown = views[: page.size]
        answered = pb.ListCommunitiesResponse(communities=map(wire.community_answer, shown))
        if len(views) > page.size:
            answered.next_page_token = paging.next_token((shown[-1].id,), filters)
        return answered
