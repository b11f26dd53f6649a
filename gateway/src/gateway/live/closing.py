"""Why a line ends: one code for both transports, by which a client knows what to do next (docs/live-feeds.md)."""

from __future__ import annotations

from gateway.problems import Problem

DRAINING = 1012
TRY_LATER = 1013
NOT_UNDERSTOOD = 4400
SIGN_IN = 4401
FORBIDDEN = 4403
NOT_FOUND = 4404
SLOW = 4408
GONE = 4409
TOO_MANY = 4429
# The client went away itself: nobody is left to read a code.
LEFT = 1000
_BY_STATUS = {400: NOT_UNDERSTOOD, 401: SIGN_IN, 403: FORBIDDEN, 404: NOT_FOUND, 409: GONE, 429: TOO_MANY}
_GONE_REASONS = ("FEED_GONE", "SHEET_GONE")


class Closing(Exception):
    """The line ends with this code; `reason` is a stable word as in problems."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def closing_of(problem: Problem) -> Closing:
    """What cannot be helped by the client is worth another try."""
    if problem.reason in _GONE_REASONS:
        return Closing(GONE, problem.reason)
    return Closing(_BY_STATUS.get(problem.status, TRY_LATER), problem.reason)
