"""Applies a batch of price rows: one row is one step of a ladder."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.imports import seen
from catalog.imports.columns import PRICES
from catalog.imports.domain import ACCEPTED, CHANGED, REFUSED, UNCHANGED, Finding, Record, Refused, Verdict
from catalog.imports.job import Job
from catalog.pricing.history import NewPrice, PriceOverlap
from catalog.pricing.list_wire import FIRST_DAY, LAST_DAY
from catalog.pricing.prices import LockedList, PriceBook, lock_lists
from catalog.pricing.requests import MAX_PRICE, MAX_QUANTITY
from chassis.money import parse_decimal

_LISTS = sql.statement("SELECT id, code FROM price_lists WHERE code = ANY(CAST(:codes AS text[]))")
_VARIANTS = sql.statement("SELECT no, sku FROM variants WHERE sku = ANY(CAST(:skus AS text[]))")
_OF_A_LADDER = ("price_list", "sku", "valid_from", "valid_to", "last_day")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COMMA = re.compile(r"-?\d+,(?:\d{1,2}|\d{4})", re.ASCII)

_Key = tuple[str, str, datetime.date, datetime.date | None]


@dataclass(slots=True)
class PriceRow:
    """`from_today`: the row named no first day."""

    list_code: str
    sku: str
    quantity: int
    amount: Decimal
    currency: str
    valid_from: datetime.date
    valid_to: datetime.date | None
    from_today: bool
    verdict: Verdict

    @property
    def key(self) -> _Key:
        return self.list_code, self.sku, self.valid_from, self.valid_to

    @property
    def seen_key(self) -> str:
        begin = "" if self.from_today else str(self.valid_from)
        return f"{self.list_code}|{self.sku}|{begin}|{self.valid_to or ''}|{self.quantity}"


def read_row(record: Record, verdict: Verdict, today: datetime.date) -> PriceRow:
    """Raises Refused with every finding."""
    values = record.values
    wrong = [Finding(name, "", "REQUIRED") for name in PRICES.required if name not in values]
    begin = _day(values.get("valid_from"), "valid_from", wrong)
    end = _end(values, wrong)
    row = PriceRow(
        list_code=values.get("price_list", ""),
        sku=values.get("sku", ""),
        quantity=_quantity(values.get("min_quantity", "1"), wrong),
        amount=_amount(values.get("amount", "0"), wrong, verdict),
        currency=values.get("currency", ""),
        valid_from=begin or today,
        valid_to=end,
        from_today=begin is None,
        verdict=verdict,
    )
    if end is not None and end <= row.valid_from:
        wrong.append(Finding("valid_to", str(end), f"AFTER_VALID_FROM: {row.valid_from}"))
    if wrong:
        raise Refused(*wrong)
    return row


def _end(values: Mapping[str, str], wrong: list[Finding]) -> datetime.date | None:
    """The first day on which the price is no longer valid; people may name the last day instead."""
    end, last = (_day(values.get(name), name, wrong) for name in ("valid_to", "last_day"))
    if last is None:
        return end
    after = last + datetime.timedelta(days=1)
    if end is not None and end != after:
        wrong.append(Finding("last_day", str(last), f"DISAGREES_WITH_VALID_TO: {end}"))
    return after


def _day(text: str | None, name: str, wrong: list[Finding]) -> datetime.date | None:
    if text is None:
        return None
    try:
        day = datetime.date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        wrong.append(Finding(name, text, "DATE: YYYY-MM-DD"))
    return day


def _quantity(text: str, wrong: list[Finding]) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= MAX_QUANTITY:
        return int(text)
    wrong.append(Finding("min_quantity", text, f"WHOLE_NUMBER: 1 to {MAX_QUANTITY}"))
    return 1


def _amount(text: str, wrong: list[Finding], verdict: Verdict) -> Decimal:
    if _COMMA.fullmatch(text):  # not three digits after the comma: that might separate thousands
        verdict.findings.append(Finding("amount", text, "DECIMAL_COMMA", repaired=True))
        text = text.replace(",", ".")
    try:
        amount = parse_decimal(text)
    except ValueError:
        wrong.append(Finding("amount", text, "DECIMAL_NUMBER"))
        return Decimal(0)
    if not 0 <= amount <= MAX_PRICE or amount != round(amount, 4):
        wrong.append(Finding("amount", text, f"PRICE: 0 to {MAX_PRICE}, four decimals at most"))
        return Decimal(0)
    return amount


@dataclass(slots=True)
class _Group:
    """Rows that are steps of one ladder."""

    rows: list[PriceRow] = field(default_factory=list)

    def ladder(self) -> dict[int, Decimal]:
        return {row.quantity: row.amount for row in self.rows}


class PriceImport:
    def key(self, record: Record) -> str:
        return "|".join(record.values.get(name, "") for name in _OF_A_LADDER)

    async def prepare(self, job: Job, records: Sequence[Record]) -> None:
        """Nothing has to exist beforehand."""

    async def apply(self, session: AsyncSession, job: Job, records: Sequence[Record]) -> list[Verdict]:
        verdicts: list[Verdict] = []
        rows: list[PriceRow] = []
        for record in records:
            verdict = Verdict(record.number, _ref(record), REFUSED)
            verdicts.append(verdict)
            try:
                if record.broken is not None:
                    raise Refused(record.broken)
                rows.append(read_row(record, verdict, job.today))
            except Refused as refused:
                verdict.findings.extend(refused.findings)
        taken = await _apply_rows(session, job, rows)
        await seen.add(session, job.id, taken)
        return verdicts


def _ref(record: Record) -> str:
    return f"{record.values.get('price_list', '')[:50]} {record.values.get('sku', '')[:100]}".strip()


async def _apply_rows(session: AsyncSession, job: Job, rows: Sequence[PriceRow]) -> list[str]:
    found = await sql.rows(session, _LISTS, {"codes": sorted({row.list_code for row in rows})})
    locked = await lock_lists(session, [row.id for row in found])
    lists = {price_list.code: price_list for price_list in locked.values()}
    skus = await sql.rows(session, _VARIANTS, {"skus": sorted({row.sku for row in rows})})
    numbers = {row.sku: row.no for row in skus}
    known = await seen.find(session, job.id, [row.seen_key for row in rows])
    groups: dict[_Key, _Group] = {}
    said: dict[str, Decimal] = {}
    for row in rows:
        finding = _unknown(row, lists, numbers)
        if finding is None and said.setdefault(row.seen_key, row.amount) != row.amount:
            finding = Finding(
                "amount", str(row.amount), "REPEATED: another row of this file says something else"
            )
        if finding is not None:
            row.verdict.findings.append(finding)
        else:
            groups.setdefault(row.key, _Group()).rows.append(row)
    keys = [(lists[key[0]].no, numbers[key[1]]) for key in groups]
    book = await PriceBook.read(session, keys, job.today)
    taken: list[str] = []
    for key, group in groups.items():
        try:
            outcome = _set(book, lists[key[0]].no, numbers[key[1]], group, known)
        except Refused as refused:
            for row in group.rows:
                row.verdict.findings.extend(refused.findings)
            continue
        for row in group.rows:
            row.verdict.outcome = outcome
            taken.append(row.seen_key)
    await book.write(session)
    return taken


def _unknown(row: PriceRow, lists: dict[str, LockedList], numbers: dict[str, int]) -> Finding | None:
    price_list = lists.get(row.list_code)
    if price_list is None:
        return Finding("price_list", row.list_code, "UNKNOWN_PRICE_LIST")
    if row.currency and row.currency != price_list.currency:
        return Finding("currency", row.currency, f"CURRENCY_OF_LIST: {price_list.currency}")
    return None if row.sku in numbers else Finding("sku", row.sku, "UNKNOWN_SKU")


def _set(book: PriceBook, list_no: int, variant_no: int, group: _Group, known: set[str]) -> str:
    """The outcome for all rows of the group. A price of the very same days is completed or corrected; steps
    that a valid price has already change nothing. Raises Refused."""
    first = group.rows[0]
    current = book.timelines[list_no, variant_no].current
    said = group.ladder()
    exact = next(
        (p for p in current if p.valid_from == first.valid_from and p.set_valid_to == first.valid_to), None
    )
    covering = next((p for p in current if p.covers(first.valid_from) and p.valid_to == first.valid_to), None)
    for price in (exact, covering):
        if price is not None and said.items() <= dict(price.ladder).items():
            return UNCHANGED
    if exact is not None and any(row.seen_key in known for row in group.rows):
        raise Refused(
            Finding("amount", str(first.amount), "REPEATED: another row of this file says something else")
        )
    steps = dict(exact.ladder) | said if exact is not None else said
    if 1 not in steps:
        raise Refused(Finding("min_quantity", str(first.quantity), "LADDER: the step from 1 comes first"))
    new = NewPrice(list_no, variant_no, first.valid_from, first.valid_to, tuple(sorted(steps.items())))
    try:
        book.set(new)
    except PriceOverlap as overlap:
        rule = f"PRICE_OVERLAP: another price begins on {overlap.metadata['begins']}"
        raise Refused(Finding("valid_from", str(first.valid_from), rule)) from overlap
    replaced = exact or covering
    return CHANGED if replaced is not None and not replaced.fresh else ACCEPTED
