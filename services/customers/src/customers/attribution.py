"""Who did what the current request does: field 1 of every event, and all that the audit reads of it."""

from __future__ import annotations

from uuid import UUID

from commis.common.v1 import common_pb2

from chassis import context
from customers import client_address


def attribution(
    account_id: UUID | None = None, actor: tuple[str, UUID] | None = None
) -> common_pb2.Attribution:
    """`account_id`: the account concerned (defaults to the one acted for), so that the audit finds the entry
    per account. `actor`: who acts when the request carries no token, e.g. the owner of a one-time link."""
    request = context.current()
    who = request.principal or request.service
    built = common_pb2.Attribution(request_id=request.request_id, client_address=client_address.current())
    built.occur_time.GetCurrentTime()
    if actor is not None:
        _name(built.actor, actor[0], str(actor[1]))
    elif who is not None:
        _name(built.actor, *who.effective_actor)
    if who is not None:
        built.channel = channel(who.channel)
    concerned = account_id or (who.acts_for_account if who is not None else None)
    built.account_id = str(concerned) if concerned is not None else ""
    return built


def _name(party: common_pb2.Party, kind: str, identity: str) -> None:
    party.kind = party_kind(kind)
    party.id = identity


def party_kind(kind: str) -> common_pb2.PartyKind.ValueType:
    try:
        return common_pb2.PartyKind.Value(f"PARTY_KIND_{kind}")
    except ValueError:
        return common_pb2.PARTY_KIND_UNSPECIFIED


def channel(name: str) -> common_pb2.Channel.ValueType:
    try:
        return common_pb2.Channel.Value(f"CHANNEL_{name}")
    except ValueError:
        return common_pb2.CHANNEL_UNSPECIFIED
