"""A shared order as its mails show it: its state by icon and word, and what changed, from what to what."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commis.orders.v1 import shared_orders_pb2 as pb
from google.type import date_pb2, money_pb2

from notifications.wording import languages
from notifications.wording.catalogue import texts

MAX_ROWS = 50
_PRICE = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ([A-Z]{3}) (list|negotiated)")
# What orders calls the icons, as characters that plain text can show too.
_ICONS = {"GREY": "\u270e", "YELLOW": "\u23f3", "RED": "\u2757", "GREEN": "\u2714"}
_STYLES = {"GREY": "#5a6472", "YELLOW": "#8a5a00", "RED": "#b3261e", "GREEN": "#1b6e3c"}


@dataclass(frozen=True, slots=True)
class StateView:
    icon: str
    word: str
    style: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """`item`: of which line. `before` and `after` are empty where there was nothing."""

    item: str
    what: str
    before: str
    after: str
    remark: str
    state: StateView | None


@dataclass(slots=True)
class _Change:
    """Several changes of one field are one for the reader: from the first value to the last."""

    first: pb.SheetChange
    last: pb.SheetChange

    @property
    def moved(self) -> bool:
        return not self.first.field or self.first.from_value != self.last.to_value


class SheetView:
    def __init__(self, sheet: pb.SharedOrder, language: str) -> None:
        self._sheet = sheet
        self._language = language
        self._texts = texts(language)
        self._lines = {line.id: line for line in sheet.lines}

    def values(self, changes: Sequence[pb.SheetChange]) -> dict[str, Any]:
        """Names used in the templates `sheet.*` and in the texts of their kinds. Where there is no change to show, as
        when it comes for the first time, the lines are shown."""
        rows = list(self._rows(changes))
        reference = self._sheet.header.order_reference
        return {
            "customer": self._sheet.account_name,
            "reference": f" ({reference})" if reference else "",
            "expiry": self._date(self._sheet.expire_date),
            "state": self._state(self._sheet.status.colour),
            "facts": list(self._facts()),
            "changes": rows[:MAX_ROWS],
            "lines": [] if rows else [self._line(line) for line in self._sheet.lines[:MAX_ROWS]],
            "more_changes": languages.integer(self._language, max(0, len(rows) - MAX_ROWS)),
            "has_more": len(rows) > MAX_ROWS,
        }

    def _facts(self) -> Iterator[tuple[str, str]]:
        sheet, text = self._sheet, self._texts
        named = [
            ("label_customer", sheet.account_name),
            ("label_order_reference", sheet.header.order_reference),
            ("label_cost_centre", sheet.header.cost_centre),
            ("label_line_count", languages.integer(self._language, len(sheet.lines))),
            ("label_amount", self._money(sheet.totals.total)),
            ("label_expiry", self._date(sheet.expire_date)),
        ]
        return ((text[key], value) for key, value in named if value)

    def _line(self, line: pb.SharedLine) -> tuple[str, str]:
        terms = line.current
        quantity = languages.integer(self._language, terms.quantity)
        what = f"{quantity} × {self._money(terms.unit_price)} = {self._money(terms.total)}"
        return f"{line.position}. {terms.description or terms.sku}", what

    def _rows(self, changes: Sequence[pb.SheetChange]) -> Iterator[ChangeView]:
        return (self._row(each) for each in _gathered(changes))

    def _row(self, change: _Change) -> ChangeView:
        first, last = change.first, change.last
        text = self._texts
        what = text["sheet_field"].get(last.field, last.field) if last.field else ""
        kind = text["sheet_kind"][last.kind]
        line = self._lines.get(last.line_id)
        return ChangeView(
            item=self._item(last, line),
            what=f"{what} – {kind}" if what else kind,
            before=self._value(last.field, first.from_value),
            after=self._value(last.field, last.to_value),
            remark=last.text,
            state=self._state(line.status.colour) if line is not None else None,
        )

    def _item(self, change: pb.SheetChange, line: pb.SharedLine | None) -> str:
        """The line as it is now; of one that is gone nothing but what the change itself says."""
        if line is None:
            whole = change.line_id in ("", "header")
            return str(self._texts["sheet_whole" if whole else "sheet_line_gone"])
        terms = line.current
        return f"{line.position}. {terms.description or terms.sku}"

    def _value(self, field: str, value: str) -> str:
        text = self._texts
        named = {"mark": text["sheet_mark"], "payment_method": text["payment"]}
        match field:
            case "unit_price":
                value = self._price(value)
            case "quantity" if value.isascii() and value.isdigit():
                value = languages.integer(self._language, int(value))
            case "delivery_date":
                value = self._iso_date(value)
            case "removed":
                value = str(text["sheet_yes" if value == "true" else "sheet_no"])
            case "mark" | "payment_method":
                value = str(named[field].get(value, value))
        return value

    def _price(self, value: str) -> str:
        found = _PRICE.match(value)
        if found is None:
            return value
        amount = languages.amount(self._language, Decimal(found[1]), found[2])
        return f"{amount} ({self._texts['sheet_price'][found[3]]})"

    def _iso_date(self, value: str) -> str:
        try:
            return languages.date(self._language, datetime.date.fromisoformat(value))
        except ValueError:
            return value

    def _state(self, colour: pb.SheetStatus.Colour.ValueType) -> StateView | None:
        """Never the colour alone (WCAG 2.2, 1.4.1)."""
        name = pb.SheetStatus.Colour.Name(colour).removeprefix("COLOUR_")
        if name not in _ICONS:
            return None
        return StateView(_ICONS[name], self._texts["sheet_state"][name], _STYLES[name])

    def _money(self, pb_money: money_pb2.Money) -> str:
        value = Decimal(pb_money.units) + Decimal(pb_money.nanos).scaleb(-9)
        return languages.amount(
            self._language, value, pb_money.currency_code or self._sheet.currency_code or "EUR"
        )

    def _date(self, pb_date: date_pb2.Date) -> str:
        if not pb_date.year:
            return ""
        return languages.date(self._language, datetime.date(pb_date.year, pb_date.month, pb_date.day))


def _gathered(changes: Sequence[pb.SheetChange]) -> list[_Change]:
    """Without what is as it was before."""
    shown = texts("en")["sheet_kind"]
    gathered: dict[tuple[str, str, int], _Change] = {}
    for each in changes:
        if each.kind not in shown:
            continue  # started, sent: the mail itself says so
        key = (each.line_id, each.field, 0 if each.field else each.sequence)
        if key in gathered:
            gathered[key].last = each
        else:
            gathered[key] = _Change(each, each)
    return [each for each in gathered.values() if each.moved]


def tells_something(changes: Sequence[pb.SheetChange]) -> bool:
    """Whether a mail would show any of them."""
    return bool(_gathered(changes))
