"""What becomes of each row: one state, what was assumed, and the line it would be. No I/O."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chassis import fields
from chassis.errors import Violations
from orders.domain.model import Order, Quote
from orders.entry import codes, dates
from orders.entry.given import Reading, Row
from orders.entry.quantities import quantity_of
from orders.parsing import NOTE_LENGTH
from orders.ports import CodeMatch, QuotedLine, ResolvedCode, WantedLine
from orders.sheets.domain import LineFields

MAX_CODE = 100
_LENGTHS = {"line_reference": 200, "cost_centre": 200, "note": NOTE_LENGTH, "budget_code": 50}


class State(StrEnum):
    OK = "OK"
    UNKNOWN = "UNKNOWN"
    AMBIGUOUS = "AMBIGUOUS"
    NOT_AVAILABLE = "NOT_AVAILABLE"
    BAD_QUANTITY = "BAD_QUANTITY"
    BAD_REFERENCE = "BAD_REFERENCE"


@dataclass(frozen=True, slots=True)
class Entry:
    """The answer to a row. `line` once it is known which variant is meant; its quantity is 0 where that is not known.
    `remark` says why the row is not OK, or what was assumed."""

    row: int
    state: State
    code: str
    given_quantity: str = ""
    line: LineFields | None = None
    description: str = ""
    remark: str = ""
    candidates: tuple[CodeMatch, ...] = ()
    quote: Quote | None = None

    def but(self, state: State, *remarks: str) -> Entry:
        return replace(self, state=state, remark="; ".join(each for each in (*remarks, self.remark) if each))


@dataclass(frozen=True, slots=True)
class _Meant:
    """A reading with what catalog says of its code, and its quantity."""

    reading: Reading
    resolved: ResolvedCode | None
    quantity: int | None
    problem: str
    assumed: str = ""

    @property
    def sold(self) -> tuple[CodeMatch, ...]:
        found = self.resolved.matches if self.resolved is not None else ()
        return tuple(match for match in found if not match.discontinued)


def wanted_codes(rows: Sequence[Row]) -> list[str]:
    """What to ask catalog, each once."""
    found = (reading.code for row in rows for reading in row.readings)
    return list(dict.fromkeys(code for code in found if _askable(code)))


def _askable(code: str) -> bool:
    return bool(code) and not _code_problem(code)


def _code_problem(code: str) -> str:
    v = Violations()
    fields.text(v, "code", code, max_length=MAX_CODE)
    return next((each.description for each in v), "")


def entry_of(row: Row, resolved: Mapping[str, ResolvedCode]) -> Entry:
    """Before prices are known."""
    meant = [_meant(row, reading, resolved.get(reading.code)) for reading in row.readings]
    known = [each for each in meant if each.resolved is not None and each.resolved.matches]
    sure = [each for each in known if each.quantity is not None] or known or meant
    chosen = sure[0]
    if len(sure) > 1 and known:
        return _either(row, sure)
    entry = Entry(row.number, State.OK, chosen.reading.code, chosen.reading.quantity or "")
    entry = replace(entry, remark="; ".join(_assumed(row, chosen)))
    if not chosen.sold:
        return _unknown(entry, chosen)
    if len(chosen.sold) > 1:
        several = entry.but(State.AMBIGUOUS, "the code has several meanings", chosen.problem)
        return replace(several, candidates=chosen.sold)
    return _line(entry, row, chosen)


def _meant(row: Row, reading: Reading, resolved: ResolvedCode | None) -> _Meant:
    if reading.quantity is None:
        if row.counted:
            return _Meant(reading, resolved, None, "there is no quantity")
        return _Meant(reading, resolved, 1, "", "without a quantity it is 1")
    quantity = quantity_of(reading.quantity)
    return _Meant(reading, resolved, quantity.value, quantity.problem)


def _assumed(row: Row, chosen: _Meant) -> list[str]:
    found = [chosen.assumed] if chosen.assumed else []
    if chosen.resolved is not None and chosen.resolved.read_as:
        found.append(f"read as {chosen.resolved.read_as}")
    if row.unread:
        found.append(f"not read: {', '.join(row.unread)[:200]}")
    return found


def _either(row: Row, meant: Sequence[_Meant]) -> Entry:
    first, second = meant[0], meant[1]
    remark = f"may be {first.quantity} of {first.reading.code}, or {second.quantity} of {second.reading.code}"
    candidates = tuple(dict.fromkeys(match for each in meant for match in each.sold))
    code, quantity = first.reading.code, first.reading.quantity or ""
    return Entry(row.number, State.AMBIGUOUS, code, quantity, remark=remark, candidates=candidates)


def _unknown(entry: Entry, chosen: _Meant) -> Entry:
    matches = chosen.resolved.matches if chosen.resolved is not None else ()
    if matches:
        gone = replace(entry, description=matches[0].description)
        return gone.but(State.NOT_AVAILABLE, "is no longer sold", chosen.problem)
    if not entry.code:
        return entry.but(State.UNKNOWN, "there is no code")
    if codes.is_cut(entry.code):
        return entry.but(State.UNKNOWN, "a spreadsheet has cut off the last digits of this code")
    if problem := _code_problem(entry.code):
        return entry.but(State.UNKNOWN, f"a code {problem}")
    return entry.but(State.UNKNOWN, "no SKU, ISBN or EAN of the catalogue", chosen.problem)


def _line(entry: Entry, row: Row, chosen: _Meant) -> Entry:
    match = chosen.sold[0]
    texts, date, wrong = _references(row)
    line = LineFields(
        quantity=chosen.quantity or 0,
        variant_id=match.variant_id,
        sku=match.sku,
        requested_delivery_date=date,
        **texts,
    )
    entry = replace(entry, line=line, description=match.description)
    if chosen.problem:
        return entry.but(State.BAD_QUANTITY, chosen.problem, *wrong)
    return entry.but(State.BAD_REFERENCE, *wrong) if wrong else entry


def _references(row: Row) -> tuple[dict[str, str], datetime.date | None, list[str]]:
    """The customer's own fields, and what is wrong with them."""
    v = Violations()
    texts = {
        name: fields.text(v, name.replace("_", " "), text, max_length=_LENGTHS[name])
        for name, text in row.texts.items()
        if name in _LENGTHS
    }
    if "budget_code" in texts:
        texts["budget_code"] = texts["budget_code"].upper()
    given = row.texts.get("requested_delivery_date")
    date = dates.date_of(given) if given else None
    wrong = [f"the {each.field} {each.description}" for each in v]
    if given and date is None:
        wrong.append("the delivery date is no date such as 2026-12-31 or 31/12/2026")
    return texts, date, wrong


def again(order: Order) -> list[Entry]:
    """The lines of a past order, by their position; only the cost centre comes along."""
    return [
        Entry(
            row=place,
            state=State.OK,
            code=line.quote.sku,
            given_quantity=str(line.quantity),
            line=LineFields(
                line.quantity, line.quote.variant_id, line.quote.sku, cost_centre=line.cost_centre
            ),
            description=line.quote.description,
        )
        for place, line in enumerate(order.lines, start=1)
    ]


def wanted(entries: Sequence[Entry]) -> list[WantedLine]:
    """What to ask prices for."""
    return [
        WantedLine(str(entry.row), entry.line.quantity, entry.line.variant_id)
        for entry in entries
        if entry.line is not None and entry.line.quantity
    ]


@dataclass(frozen=True, slots=True)
class Basis:
    """In what the lines of the sheet are priced; None until there is a first."""

    first: Quote | None = None

    def problem(self, quote: Quote) -> str:
        if self.first is None:
            return ""
        if quote.currency != self.first.currency:
            return f"is priced in {quote.currency}, the order in {self.first.currency}"
        if quote.tax_inclusive != self.first.tax_inclusive:
            return "is priced on another tax basis than the order"
        return ""


def priced(entries: Sequence[Entry], quoted: Sequence[QuotedLine], basis: Basis) -> list[Entry]:
    """With prices, and NOT_AVAILABLE where there is none or not enough. `quoted` in the order of `wanted`."""
    answers = {answer.line_id: answer for answer in quoted}
    done = []
    for entry in entries:
        answer = answers.get(str(entry.row)) if entry.line is not None and entry.line.quantity else None
        if answer is None:
            done.append(entry)
            continue
        found = replace(entry, quote=answer.quote)
        if answer.quote is None or answer.refusal is not None:
            why = answer.refusal.description if answer.refusal is not None else "has no price"
            found = _not_available(found, why)
        elif problem := basis.problem(answer.quote):
            found = _not_available(found, problem)
        elif found.state is State.OK:
            basis = Basis(basis.first or answer.quote)
        done.append(found)
    return done


def _not_available(entry: Entry, why: str) -> Entry:
    """What is wrong with the row itself is told before that."""
    return entry.but(State.NOT_AVAILABLE if entry.state is State.OK else entry.state, why)


def good(entries: Sequence[Entry]) -> list[tuple[int, LineFields]]:
    """The rows that are OK, with their lines by variant id."""
    return [
        (entry.row, replace(entry.line, sku=""))
        for entry in entries
        if entry.state is State.OK and entry.line is not None
    ]
