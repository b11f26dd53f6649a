"""Periods in requests and amounts in answers, alike in all statistics."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from google.type import money_pb2

from chassis import fields
from chassis.errors import Violations
from orders import wire
from orders.statistics.queries import Period

_MAX_DAYS = 366


def period(v: Violations, request: Any) -> Period | None:
    """Of a request with `from_date` and `to_date`; at most 366 days."""
    first, last = _day(v, "from_date", request), _day(v, "to_date", request)
    if first is None or last is None:
        return None
    if last < first:
        v.add("to_date", "must not lie before from_date", "OUT_OF_RANGE")
    elif (last - first).days >= _MAX_DAYS:
        v.add("to_date", f"must lie within {_MAX_DAYS} days of from_date", "OUT_OF_RANGE")
    return Period(first, last)


def _day(v: Violations, name: str, request: Any) -> datetime.date | None:
    """Within the years that a period around it can be computed in."""
    given = getattr(request, name)
    day = fields.date(v, name, given)
    if day is None:
        if not (given.year or given.month or given.day):
            v.add(name, "is required", "REQUIRED")
    elif day.year > datetime.MAXYEAR - 1:
        v.add(name, "lies too far in the future", "OUT_OF_RANGE")
        return None
    return day


def amounts(found: Mapping[str, int]) -> list[money_pb2.Money]:
    return [wire.amount(minor, currency) for currency, minor in sorted(found.items())]
