"""What is told, to whom, and what an answer means: the rules of webhooks, without any input or output.

Deliveries are at least once: a process that dies between the answer of the target and writing it down delivers
again, with the same `webhook-id`, by which receivers recognise what they had.
"""

from __future__ import annotations

import datetime
import email.utils
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

# The owner of what the vendor's own systems get.
VENDOR = UUID(int=0)
# `order.credited` is reserved: it may be subscribed to already.
EVENT_TYPES = ("order.placed", "order.changed", "order.shipped", "order.cancelled", "order.credited")
MINUTE, HOUR = 60, 3600
# After the first attempt; ten attempts within three days and four hours.
RETRY_SECONDS = (
    5,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
# A target may ask for more patience (Retry-After, RFC 9110 10.2.3), but for no more than this.
MAX_RETRY_AFTER = 24 * HOUR
# When a delivery is given up and none has arrived for this long, the subscription is disabled.
DEAD_AFTER = datetime.timedelta(days=3)
GONE = 410


class SubscriptionState(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a delivery after an attempt. `status` is 0 when there was no answer; `delay` seconds until
    the next attempt; `gone`: the target wants no more of anything."""

    state: DeliveryState
    status: int = 0
    error: str = ""
    delay: float = 0.0
    gone: bool = False


def answered(status: int, tries: int, retry_after: str, now: datetime.datetime) -> Outcome:
    """2xx is delivered, 410 is gone, everything else (redirects too, which are not followed) is tried again."""
    if 200 <= status < 300:
        return Outcome(DeliveryState.DELIVERED, status)
    if status == GONE:
        return Outcome(DeliveryState.PENDING, status, "answered 410: gone", gone=True)
    wished = min(_seconds(retry_after, now), MAX_RETRY_AFTER)
    return _again(tries, status, f"answered {status}", wished)


def unanswered(error: str, tries: int) -> Outcome:
    return _again(tries, 0, error[:500], 0.0)


def _again(tries: int, status: int, error: str, wished: float) -> Outcome:
    """`tries` counts the attempts so far, this one included."""
    if tries > len(RETRY_SECONDS):
        return Outcome(DeliveryState.FAILED, status, error)
    return Outcome(DeliveryState.PENDING, status, error, max(RETRY_SECONDS[tries - 1], wished))


def _seconds(retry_after: str, now: datetime.datetime) -> float:
    """Of a Retry-After header: seconds, or a date. 0 for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        then = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=datetime.UTC)
    return max(0.0, (then - now).total_seconds())
