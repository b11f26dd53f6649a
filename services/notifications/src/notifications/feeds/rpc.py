"""FeedService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.notifications.v1 import feed_pb2 as pb
from commis.notifications.v1 import feed_pb2_grpc

from chassis import access, fields
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from notifications.feeds import queries, wire
from notifications.feeds.ports import Access


class FeedServicer(feed_pb2_grpc.FeedServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"ListFeedEntries": access.accounts()}

    def __init__(self, sessions: Sessions, access: Access) -> None:
        self._sessions = sessions
        self._access = access

    async def ListFeedEntries(self, request: pb.ListFeedEntriesRequest, _: Any) -> pb.ListFeedEntriesResponse:
        v = Violations()
        size = fields.page_size(v, request.page_size)
        after = request.after_sequence if request.HasField("after_sequence") else None
        if after is not None:
            fields.integer(v, "after_sequence", after, minimum=0, maximum=2**63 - 1)
        v.raise_if_any()
        read = await queries.list_entries(self._sessions, self._access, after, size)
        return pb.ListFeedEntriesResponse(
            entries=map(wire.entry, read.entries), last_sequence=read.last_sequence, more=read.more
        )
