"""Errors of feeds."""

from __future__ import annotations

from chassis.errors import FailedPrecondition, NotFound


class FeedGone(FailedPrecondition):
    reason = "FEED_GONE"

    def __init__(self, after_sequence: int) -> None:
        super().__init__(
            "What came after that number is not kept any more; begin anew.", after_sequence=after_sequence
        )


class AccountNotFound(NotFound):
    """The account is not the caller's any more."""

    reason = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_id: object) -> None:
        super().__init__(f"There is no account {account_id}.", account_id=account_id)
