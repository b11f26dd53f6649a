"""What a receipt names, in the reader's language. Services report in English; what is not known here stays English."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from commis.customers.v1 import accounts_pb2

from notifications.wording import languages

_UNTIL = re.compile(r"\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class ItemView:
    """`what` with its number where there are several; `why` is empty for what was erased."""

    what: str
    why: str


@cache
def translations() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Table (subjects, reasons) -> English -> language -> text."""
    found = resources.files("notifications.wording") / "receipts.toml"
    return tomllib.loads(found.read_text("utf-8"))


def items(language: str, listed: Iterable[accounts_pb2.ErasureReceipt.Item]) -> list[ItemView]:
    return [_item(language, one) for one in listed]


def _item(language: str, one: accounts_pb2.ErasureReceipt.Item) -> ItemView:
    what = _said("subjects", language, one.subject)
    if one.count > 1:
        what += f" ({languages.integer(language, one.count)})"
    return ItemView(what, _reason(language, one.kept_because))


def _reason(language: str, reason: str) -> str:
    """One that ends with a date is known without it."""
    until = _UNTIL.search(reason)
    if until is None:
        return _said("reasons", language, reason)
    try:
        day = languages.date(language, datetime.date.fromisoformat(until[0]))
    except ValueError:
        return reason
    known = reason[: until.start()] + "{until}"
    return _said("reasons", language, known).replace("{until}", day)


def _said(table: str, language: str, english: str) -> str:
    return translations()[table].get(english, {}).get(language, english)
