"""Field paths in violations of services -> the members that clients know."""

from __future__ import annotations

import re
from collections.abc import Iterable

from google.protobuf.descriptor import Descriptor

from gateway.wire import scalars

_INDEX = re.compile(r"\[[^\]]*\]")
_MONEY_MEMBERS = {"currency_code": "currency", "units": "amount", "nanos": "amount"}


def money_member(path: str, *roots: Descriptor) -> str:
    """`total.units` -> `total.amount` where `total` is money of one of the messages `roots`; else as it is."""
    owner, _, last = path.rpartition(".")
    shown = _MONEY_MEMBERS.get(last)
    if not owner or shown is None:
        return path
    names = _INDEX.sub("", owner).split(".")
    return f"{owner}.{shown}" if any(_is_money(root, names) for root in roots) else path


def _is_money(message: Descriptor | None, names: Iterable[str]) -> bool:
    for name in names:
        field = message.fields_by_name.get(name) if message is not None else None
        message = field.message_type if field is not None else None
    return message is not None and message.full_name == scalars.MONEY
