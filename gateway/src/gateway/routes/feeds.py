"""Live feeds: the ticket that opens one, and reading an account's feed without a line. The lines are gateway.live."""

from gateway.answers import Page, Whole
from gateway.operation import Body, Operation, Routes
from gateway.query import Query

_sessions = Routes("customers.v1.SessionService", "Live feeds")
_feeds = Routes("notifications.v1.FeedService", "Live feeds")

OPERATIONS: tuple[Operation, ...] = (
    _sessions.post(
        "/v1/feed-tickets",
        "CreateFeedTicket",
        "Get a ticket for a live feed",
        description="Opens one feed once, within 30 seconds, as the caller's session: browsers cannot send headers "
        "with a WebSocket or an EventSource, and a token does not belong in an address.",
        body=Body(),
        answer=Whole(),
        errors="SESSION_ENDED",
    ),
    _feeds.get(
        "/v1/feed-entries",
        "ListFeedEntries",
        "Read the feed of the own account",
        description="What happened after a number, oldest first, kept for 30 days; without one only the newest number. "
        "Go on from `last_sequence` while there is `more`.",
        query=(
            Query("after_sequence"),
            Query("page_size", description="At most so many; 50 when absent, never more than 200."),
        ),
        answer=Page(),
        errors="FEED_GONE ACCOUNT_NOT_FOUND",
    ),
)
