"""Entries as clients and the gateway get them."""

from __future__ import annotations

from commis.common.v1 import common_pb2
from commis.notifications.v1 import feed_pb2 as pb

from notifications.feeds.store import Entry


def entry(found: Entry) -> pb.FeedEntry:
    fact = found.fact
    built = pb.FeedEntry(
        sequence=found.sequence,
        type=fact.entry_type,
        account_id=str(fact.account_id),
        order_id=str(fact.order_id or ""),
        budget_id=str(fact.budget_id or ""),
        state=fact.state,
    )
    built.occur_time.FromDatetime(fact.occur_time)
    return built


def appended(found: Entry) -> pb.FeedAppended:
    """Nobody's doing: what was done is in the event that the entry is about."""
    event = pb.FeedAppended(
        attribution=common_pb2.Attribution(
            actor=common_pb2.Party(kind=common_pb2.PARTY_KIND_SERVICE, id="notifications"),
            account_id=str(found.fact.account_id),
        ),
        entry=entry(found),
    )
    event.attribution.occur_time.FromDatetime(found.fact.occur_time)
    return event
