"""Who asked, as events say it."""

from __future__ import annotations

from commis.common.v1 import common_pb2

from chassis import context


def current() -> common_pb2.Attribution:
    """Of the current request."""
    request, who = context.current(), context.principal()
    kind, actor_id = who.effective_actor
    found = common_pb2.Attribution(
        actor=common_pb2.Party(
            kind=common_pb2.PartyKind.Value(f"PARTY_KIND_{kind}"),
            id=actor_id,
        ),
        request_id=request.request_id,
        client_address=request.peer,
    )
    if who.channel:
        found.channel = common_pb2.Channel.Value(f"CHANNEL_{who.channel}")
    found.occur_time.GetCurrentTime()
    return found
