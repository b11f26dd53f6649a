"""Who did what the current request does: field 1 of every event."""

from __future__ import annotations

from uuid import UUID

from commis.common.v1 import common_pb2

from chassis import context


def attribution(order_id: UUID | None = None) -> common_pb2.Attribution:
    request = context.current()
    who = request.principal or request.service
    built = common_pb2.Attribution(request_id=request.request_id, client_address=request.peer)
    built.occur_time.GetCurrentTime()
    if order_id is not None:
        built.order_id = str(order_id)
    if who is None:
        return built
    kind, identity = who.effective_actor
    built.actor.kind = _number(common_pb2.PartyKind, f"PARTY_KIND_{kind}")  # type: ignore[assignment]
    built.actor.id = identity
    built.channel = _number(common_pb2.Channel, f"CHANNEL_{who.channel}")  # type: ignore[assignment]
    account = who.acts_for_account
    built.account_id = str(account) if account is not None else ""
    return built


def _number(enum: object, name: str) -> int:
    try:
        return int(enum.Value(name))  # type: ignore[attr-defined]
    except ValueError:
        return 0


def caller() -> str:
    """Whose request ids these are: the subject of the token, else the calling service."""
    request = context.current()
    who = request.principal or request.service
    return str(who.subject) if who is not None else "nobody"


def actor_id() -> str:
    request = context.current()
    who = request.principal or request.service
    return who.effective_actor[1] if who is not None else ""
