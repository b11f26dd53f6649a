"""Enums without their prefix: `Order.State` STATE_PLACED <-> "PLACED"; the zero value has no JSON form."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from chassis.errors import Violations
from gateway.wire.scalars import Reader


@cache
def numbers(descriptor: Any) -> dict[str, int]:
    """Name without prefix -> number, without the zero value."""
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", descriptor.name).upper() + "_"
    return {value.name.removeprefix(prefix): value.number for value in descriptor.values if value.number}


@cache
def names(descriptor: Any) -> dict[int, str]:
    """Number -> name; a number of a newer contract is missing here and shows as null."""
    return {number: name for name, number in numbers(descriptor).items()}


def reader(descriptor: Any, *, lower: bool = False) -> Reader:
    """`lower`: the values are written in small letters."""
    known = numbers(descriptor)
    if lower:
        known = {name.lower(): number for name, number in known.items()}
    listed = ", ".join(known)

    def read(value: Any, path: str, violations: Violations) -> int:
        number = known.get(value) if type(value) is str else None
        if number is None:
            violations.add(path, f"must be one of {listed}", "UNKNOWN_VALUE")
            return 0
        return number

    return read
