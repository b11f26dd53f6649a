"""Who did something, as every event and ledger entry says it."""

from __future__ import annotations

from uuid import UUID

from commis.common.v1 import common_pb2

from chassis import context


def current(account_id: UUID | None = None, order_id: UUID | None = None) -> common_pb2.Attribution:
    """Of the current request; the service itself where nobody asked (a hold that ran out)."""
    request = context.current()
    who = request.principal or request.service
    kind, actor_id = who.effective_actor if who is not None else ("SERVICE", "library")
    found = common_pb2.Attribution(
        actor=party(kind, actor_id),
        account_id=str(account_id or (who.acts_for_account if who else None) or ""),
        request_id=request.request_id,
        client_address=request.peer,
        order_id=str(order_id or ""),
    )
    if who is not None and who.channel:
        found.channel = common_pb2.Channel.Value(f"CHANNEL_{who.channel}")
    found.occur_time.GetCurrentTime()
    return found


def caused_by(event: common_pb2.Attribution) -> common_pb2.Attribution:
    """Of an effect of somebody else's event: the same people, now."""
    found = common_pb2.Attribution()
    found.CopyFrom(event)
    found.occur_time.GetCurrentTime()
    return found


def party(kind: str, party_id: str) -> common_pb2.Party:
    return common_pb2.Party(kind=common_pb2.PartyKind.Value(f"PARTY_KIND_{kind}"), id=party_id)


def actor(attribution: common_pb2.Attribution) -> tuple[str, str]:
    """(kind, id) as the ledger keeps them."""
    kind = common_pb2.PartyKind.Name(attribution.actor.kind).removeprefix("PARTY_KIND_")
    return kind, attribution.actor.id


def caller() -> str:
    """Whose request ids these are."""
    return ":".join(context.principal().effective_actor)
