"""What ends a request for approval from outside: there is nobody left to approve it, or nobody who asked."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumer import Subscription
from orders import store
from orders.approval import domain, events
from orders.approval import store as approvals
from orders.domain.model import HistoryEntry, Order
from orders.domain.parties import Party
from orders.domain.states import PlacementInProgress, State

_PREFIX = "commis.customers.v1"
_REASONS: dict[type, str] = {
    events_pb2.BusinessProfileRemoved: "the business profile was removed",
    events_pb2.MemberRemoved: "the one who asked is no longer a member of the account",
}


def subscription(clock: Callable[[], datetime.datetime]) -> Subscription:
    """A redelivery finds nothing that waits, and changes nothing."""

    async def end_requests(session: AsyncSession, event: Any, meta: Any) -> None:
        connection = await session.connection()
        requester = event.person_id if isinstance(event, events_pb2.MemberRemoved) else None
        for order_id in await approvals.waiting(connection, UUID(event.account_id), requester):
            order = await store.lock(connection, order_id)
            if order is None or order.state is not State.PENDING_APPROVAL:
                continue
            if order.claim is not None and order.claim.live:
                raise PlacementInProgress(order.id)  # approved just now; what comes of it is known in seconds
            entry = _ended(order, event, clock())
            await store.move(connection, order, entry)
            events.refused(session, order, decided=False, told=_told(order, event.attribution))

    return Subscription(
        stream="COMMIS_CUSTOMERS",
        durable="orders-approvals",
        subjects=(f"{_PREFIX}.business_profile_removed", f"{_PREFIX}.member_removed"),
        handler=end_requests,
    )


def _ended(order: Order, event: Any, now: datetime.datetime) -> HistoryEntry:
    cause = event.attribution
    actor = Party(common_pb2.PartyKind.Name(cause.actor.kind).removeprefix("PARTY_KIND_"), cause.actor.id)
    channel = common_pb2.Channel.Name(cause.channel).removeprefix("CHANNEL_")
    return domain.ended(order, now, actor, channel, action="approval_ended", reason=_REASONS[type(event)])


def _told(order: Order, cause: common_pb2.Attribution) -> common_pb2.Attribution:
    """Who ended it is who caused it; the order is named beside."""
    told = common_pb2.Attribution()
    told.CopyFrom(cause)
    told.account_id, told.order_id = str(order.account_id), str(order.id)
    told.occur_time.FromDatetime(order.update_time)
    return told
