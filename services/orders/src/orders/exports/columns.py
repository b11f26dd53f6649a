"""What a file says of each order, and how a cell is written."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis.money import Money
from orders.tables import orders

# Spreadsheets take a cell that begins so for a formula (OWASP, "CSV Injection"); apostrophes before it count along, so
# that one more can always be taken away again.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Number:
    """A cell that is a number: written as such where the format knows numbers."""

    text: str


Cell = str | Number
Row = list[Cell]


def neutral(value: str) -> str:
    """With an apostrophe before it where a spreadsheet would run it."""
    return f"'{value}" if _FORMULA.match(value) else value


def _text(value: Any, currency: str) -> Cell:
    return neutral(str(value or ""))


def _amount(value: Any, currency: str) -> Cell:
    return Number(str(Money(value, currency).decimal))


def _number(value: Any, currency: str) -> Cell:
    return Number(str(value))


def _date(value: datetime.date | None, currency: str) -> Cell:
    return "" if value is None else value.isoformat()


def _time(value: datetime.datetime | None, currency: str) -> Cell:
    """UTC, to the second."""
    return "" if value is None else value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_c = orders.c
# Heading, column, how it is written.
_COLUMNS: tuple[tuple[str, sa.Column[Any], Callable[[Any, str], Cell]], ...] = (
    ("number", _c.number, _text),
    ("id", _c.id, _text),
    ("state", _c.state, _text),
    ("payment_state", _c.payment_state, _text),
    ("fulfilment_state", _c.fulfilment_state, _text),
    ("channel", _c.channel, _text),
    ("account_id", _c.account_id, _text),
    ("customer", _c.account_name, _text),
    ("payer_account_id", _c.payer_account_id, _text),
    ("payer", _c.payer_name, _text),
    ("actor_kind", _c.actor_kind, _text),
    ("actor", _c.actor_name, _text),
    ("rep_code", _c.rep_code, _text),
    ("community", _c.community_name, _text),
    ("order_reference", _c.order_reference, _text),
    ("cost_centre", _c.cost_centre, _text),
    ("currency", _c.currency, _text),
    ("goods", _c.goods, _amount),
    ("discount", _c.discount, _amount),
    ("shipping", _c.shipping, _amount),
    ("net", _c.net, _amount),
    ("tax", _c.tax, _amount),
    ("total", _c.total, _amount),
    ("weight_grams", _c.weight_grams, _number),
    ("line_count", _c.line_count, _number),
    ("shipping_method", _c.shipping_method, _text),
    ("payment_method", _c.payment_method, _text),
    ("requested_delivery_date", _c.requested_delivery_date, _date),
    ("taken_time", _c.taken_time, _time),
    ("create_time", _c.create_time, _time),
    ("place_time", _c.place_time, _time),
)
HEADING: Row = [name for name, _, _ in _COLUMNS]
READ = tuple(column for _, column, _ in _COLUMNS)


def row(found: Any) -> Row:
    """From a row that begins with READ."""
    currency = found.currency
    return [write(value, currency) for (_, _, write), value in zip(_COLUMNS, found[: len(READ)], strict=True)]
