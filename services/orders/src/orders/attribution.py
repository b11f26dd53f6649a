"""Who did what the current request does: field 1 of every event."""

from __future__ import annotations

import datetime
from uuid import UUID

from commis.common.v1 import common_pb2

from chassis import context
from orders.domain.parties import Parties

_KINDS = {name.removeprefix("PARTY_KIND_"): number for name, number in common_pb2.PartyKind.items()}
_CHANNELS = {name.removeprefix("CHANNEL_"): number for name, number in common_pb2.Channel.items()}


def party_kind(kind: str) -> common_pb2.PartyKind.ValueType:
    return _KINDS.get(kind, common_pb2.PARTY_KIND_UNSPECIFIED)


def channel(name: str) -> common_pb2.Channel.ValueType:
    return _CHANNELS.get(name, common_pb2.CHANNEL_UNSPECIFIED)


def attribution(
    time: datetime.datetime, *, account_id: UUID | None = None, order_id: UUID | None = None
) -> common_pb2.Attribution:
    """`account_id`: the account concerned, so that its people can read who acted on its behalf."""
    request = context.current()
    who = request.principal or request.service
    built = common_pb2.Attribution(request_id=request.request_id, client_address=request.peer)
    built.occur_time.FromDatetime(time)
    if who is not None:
        kind, identity = who.effective_actor
        built.actor.kind = party_kind(kind)
        built.actor.id = identity
        built.channel = channel(who.channel)
    built.account_id = str(account_id) if account_id is not None else ""
    built.order_id = str(order_id) if order_id is not None else ""
    return built


def assistance(parties: Parties) -> common_pb2.Assistance | None:
    """Through which community the order came; None when it is no assisted order."""
    given = parties.assistance
    if given is None:
        return None
    return common_pb2.Assistance(
        platform_id=str(given.platform_id),
        community_id=str(given.community_id),
        community_external_id=given.community_external_id,
        care_worker_id=parties.actor.id,
        care_worker_subject=given.care_worker_subject,
        client_external_id=given.client_external_id,
        session_id=given.session_id,
    )
