"""WebhookService: staff keep subscriptions; a care platform reads, pauses, rotates and tests its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from commis.notifications.v1 import webhooks_pb2 as pb
from commis.notifications.v1 import webhooks_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import access, context, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import PermissionDenied, Violations
from chassis.outward import ForeignHttp
from notifications.ports import Platforms
from notifications.vault import Vault
from notifications.webhooks import commands, feed, queries, use_cases, wire
from notifications.webhooks.consumers import BELIEF_SECONDS
from notifications.webhooks.domain import VENDOR
from notifications.webhooks.use_cases import NewSubscription, SubscriptionChange

_PLATFORM = "CARE_PLATFORM"
_ADMIN = access.staff("ADMIN")
_OWN = access.any_of(_ADMIN, access.of_kind(_PLATFORM, "a care platform"))


class ChangeNotAllowed(PermissionDenied):
    """A platform may pause and resume its subscriptions; where they lead is agreed with the vendor."""

    reason = "CHANGE_NOT_ALLOWED"

    def __init__(self, paths: list[str]) -> None:
        super().__init__(f"A care platform may not change {', '.join(paths)}.", fields=", ".join(paths))


class WebhookServicer(webhooks_pb2_grpc.WebhookServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateWebhookSubscription": _ADMIN,
        "GetWebhookSubscription": _OWN,
        "UpdateWebhookSubscription": _OWN,
        "ListWebhookSubscriptions": _OWN,
        "RotateWebhookSecret": _OWN,
        "ListWebhookDeliveries": _OWN,
        "RedeliverWebhook": _OWN,
        "ListWebhookEvents": _OWN,
    }

    def __init__(self, sessions: Sessions, vault: Vault, http: ForeignHttp, platforms: Platforms) -> None:
        self._sessions = sessions
        self._vault = vault
        self._http = http
        self._platforms = platforms

    async def _owner(self) -> UUID | None:
        """None for staff; a platform's own id, as long as it is trusted. Raises ServiceError."""
        if context.principal().kind != _PLATFORM:
            return None
        return await self._platforms.trusted_platform()

    async def CreateWebhookSubscription(
        self, request: pb.CreateWebhookSubscriptionRequest, _: Any
    ) -> pb.CreateWebhookSubscriptionResponse:
        v = Violations()
        sent = request.subscription
        platform = fields.identifier(v, "subscription.platform_id", sent.platform_id, required=False)
        types = wire.event_types(v, sent)
        target = await wire.target_address(v, sent, self._http)
        if platform is not None and not await self._platforms.exists(platform):
            v.add("subscription.platform_id", "is not a care platform", "CARE_PLATFORM_NOT_FOUND")
        v.raise_if_any()
        new = NewSubscription(platform or VENDOR, target, types)
        first = False

        async def work(session: AsyncSession) -> pb.CreateWebhookSubscriptionResponse:
            nonlocal first
            first = not await feed.subscribers(session, [new.owner_id])
            view, secret = await use_cases.create_subscription(session, self._vault, new)
            return pb.CreateWebhookSubscriptionResponse(subscription=wire.subscription(view), secret=secret)

        response = await commands.once(
            self._sessions,
            self._vault,
            request,
            request.request_id,
            pb.CreateWebhookSubscriptionResponse,
            work,
        )
        if first and new.owner_id == VENDOR:
            # Until then a consumer may still believe that the vendor wants nothing.
            await asyncio.sleep(BELIEF_SECONDS)
        return response

    async def GetWebhookSubscription(
        self, request: pb.GetWebhookSubscriptionRequest, _: Any
    ) -> pb.GetWebhookSubscriptionResponse:
        one = _identifier("subscription_id", request.subscription_id)
        owner = await self._owner()
        async with self._sessions() as session:
            view = await queries.get_subscription(session, one, owner)
        return pb.GetWebhookSubscriptionResponse(subscription=wire.subscription(view))

    async def UpdateWebhookSubscription(
        self, request: pb.UpdateWebhookSubscriptionRequest, _: Any
    ) -> pb.UpdateWebhookSubscriptionResponse:
        v = Violations()
        one = fields.identifier(v, "subscription.id", request.subscription.id)
        values = await wire.changes(v, request, self._http)
        v.raise_if_any()
        assert one
        owner = await self._owner()
        if owner is not None and (forbidden := sorted(set(values) - {"state"})):
            async with self._sessions() as session:
                await queries.get_subscription(session, one, owner)
            raise ChangeNotAllowed(forbidden)
        change = SubscriptionChange(one, owner, request.subscription.etag, values)

        async def work(session: AsyncSession) -> pb.UpdateWebhookSubscriptionResponse:
            view = await use_cases.update_subscription(session, change)
            return pb.UpdateWebhookSubscriptionResponse(subscription=wire.subscription(view))

        return await commands.once(
            self._sessions,
            self._vault,
            request,
            request.request_id,
            pb.UpdateWebhookSubscriptionResponse,
            work,
        )

    async def ListWebhookSubscriptions(
        self, request: pb.ListWebhookSubscriptionsRequest, _: Any
    ) -> pb.ListWebhookSubscriptionsResponse:
        v = Violations()
        wanted = fields.identifier(v, "platform_id", request.platform_id, required=False)
        v.raise_if_any()
        owner = await self._owner()
        if owner is not None and wanted not in (None, owner):
            return pb.ListWebhookSubscriptionsResponse()
        owner = owner or wanted
        filters = {"owner_id": owner}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with self._sessions() as session:
            found = await queries.list_subscriptions(session, page, owner)
        listed = found[: page.size]
        token = paging.next_token((listed[-1].id,), filters) if len(found) > page.size else ""
        return pb.ListWebhookSubscriptionsResponse(
            subscriptions=map(wire.subscription, listed), next_page_token=token
        )

    async def RotateWebhookSecret(
        self, request: pb.RotateWebhookSecretRequest, _: Any
    ) -> pb.RotateWebhookSecretResponse:
        one = _identifier("subscription_id", request.subscription_id)
        owner = await self._owner()

        async def work(session: AsyncSession) -> pb.RotateWebhookSecretResponse:
            secret = await use_cases.rotate_secret(session, self._vault, one, owner)
            return pb.RotateWebhookSecretResponse(secret=secret)

        return await commands.once(
            self._sessions,
            self._vault,
            request,
            request.request_id,
            pb.RotateWebhookSecretResponse,
            work,
        )

    async def ListWebhookDeliveries(
        self, request: pb.ListWebhookDeliveriesRequest, _: Any
    ) -> pb.ListWebhookDeliveriesResponse:
        v = Violations()
        one = fields.identifier(v, "subscription_id", request.subscription_id)
        state = fields.enum(v, "state", request.state, pb.WebhookDelivery.State, required=False)
        v.raise_if_any()
        assert one
        filters = {"subscription_id": one, "state": state}
        page = paging.decode(request.page_size, request.page_token, filters)
        owner = await self._owner()
        async with self._sessions() as session:
            await queries.get_subscription(session, one, owner)
            found = await queries.list_deliveries(
                session, page, subscription_id=one, state=state.removeprefix("STATE_")
            )
        listed = found[: page.size]
        token = paging.next_token((listed[-1].id,), filters) if len(found) > page.size else ""
        return pb.ListWebhookDeliveriesResponse(deliveries=map(wire.delivery, listed), next_page_token=token)

    async def RedeliverWebhook(
        self, request: pb.RedeliverWebhookRequest, _: Any
    ) -> pb.RedeliverWebhookResponse:
        one = _identifier("delivery_id", request.delivery_id)
        owner = await self._owner()

        async def work(session: AsyncSession) -> pb.RedeliverWebhookResponse:
            view = await use_cases.redeliver(session, one, owner)
            return pb.RedeliverWebhookResponse(delivery=wire.delivery(view))

        return await commands.once(
            self._sessions, self._vault, request, request.request_id, pb.RedeliverWebhookResponse, work
        )

    async def ListWebhookEvents(
        self, request: pb.ListWebhookEventsRequest, _: Any
    ) -> pb.ListWebhookEventsResponse:
        v = Violations()
        size = fields.page_size(v, request.page_size)
        since = fields.integer(v, "since_sequence", request.since_sequence, minimum=0, maximum=2**63 - 1)
        wanted = fields.identifier(v, "platform_id", request.platform_id, required=False)
        v.raise_if_any()
        owner = await self._owner()
        if owner is not None and wanted not in (None, owner):
            return pb.ListWebhookEventsResponse(last_sequence=since)
        async with self._sessions() as session:
            found = await queries.list_events(session, owner or wanted or VENDOR, since, size)
        last = found[-1].sequence if found else since
        return pb.ListWebhookEventsResponse(events=map(wire.event, found), last_sequence=last)


def _identifier(field: str, value: str) -> UUID:
    v = Violations()
    found = fields.identifier(v, field, value)
    v.raise_if_any()
    assert found
    return found
