"""Rows of cells to codes and quantities: by the header where there is one, else by what the cells look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from orders.entry import codes, dates, freely, headings
from orders.entry.given import MAX_ROWS, Reading, Record, Row, Sheet, too_many

_FIELDS = ("line_reference", "cost_centre", "note", "requested_delivery_date", "budget_code")


def sheet_of(records: Iterable[Record]) -> Sheet:
    """Every record but a header is a row. Raises InvalidFields for more than 2 000."""
    found: list[Record] = []
    for record in records:
        found.append(record)
        if len(found) > MAX_ROWS + 1:
            raise too_many()
    named = _header(found)
    body = found[1:] if named else found
    if len(body) > MAX_ROWS:
        raise too_many()
    if len(named) < 2 or len(named) > len(
        found[0].cells
    ):  # one cell, or words that only white space keeps apart
        return Sheet(tuple(_by_looks(body, counted=headings.QUANTITY in named)))
    unread = tuple(cell for cell, name in zip(found[0].cells, named, strict=True) if name is None and cell)
    return Sheet(tuple(_by_header(record, named) for record in body), unread)


def _header(records: Sequence[Record]) -> list[str | None]:
    """The names of the columns when the first row is a header that others follow; else none."""
    if len(records) < 2:
        return []
    cells: Sequence[str] = records[0].cells
    if len(cells) == 1:
        cells = cells[0].split() if headings.known(cells[0]) is None else cells
        if None in map(headings.known, cells):
            return []
    if any(codes.may_be_quantity(cell) or codes.is_standard(cell) for cell in cells):
        return []
    named = headings.columns(cells)
    return named if headings.CODE in named else []


def _by_header(record: Record, named: Sequence[str | None]) -> Row:
    values = {name: cell for name, cell in zip(named, record.cells, strict=False) if name is not None}
    counted = headings.QUANTITY in named
    reading = Reading(
        codes.without_label(values.get(headings.CODE, "")), values.get(headings.QUANTITY, "") or None
    )
    texts = {name: values[name] for name in _FIELDS if values.get(name)}
    beyond = tuple(cell for cell in record.cells[len(named) :] if cell)
    return Row(record.number, (reading,), texts, counted, beyond)


def _by_looks(records: Sequence[Record], *, counted: bool) -> Iterator[Row]:
    pairs = {pair for record in records if (pair := _pair(record.cells)) is not None}
    common = next(iter(pairs)) if len(pairs) == 1 else None
    for record in records:
        filled = [cell for cell in record.cells if cell]
        if len(filled) == 1:
            readings = _labelled(freely.readings(filled[0]))
            yield Row(record.number, readings, counted=counted or bool(pairs))
        else:
            yield _by_place(record, common or _pair(record.cells))


def _pair(cells: Sequence[str]) -> tuple[int, int] | None:
    """The places of code and quantity where it is certain which is which."""
    numbers: list[int] = []
    others: list[int] = []
    for place, cell in enumerate(cells):
        if cell:
            (numbers if codes.may_be_quantity(cell) else others).append(place)
    if not numbers or not others:
        return None
    code = next((place for place in others if codes.is_standard(cells[place])), others[0])
    return code, next((place for place in numbers if place > code), numbers[-1])


def _by_place(record: Record, pair: tuple[int, int] | None) -> Row:
    cells = record.cells
    filled = [place for place, cell in enumerate(cells) if cell]
    if pair is not None and max(pair) < len(cells):
        code, quantity = pair
        reading = Reading(codes.without_label(cells[code]), cells[quantity] or None)
        rest = [cells[place] for place in filled if place not in pair]
        return Row(record.number, (reading,), *_texts(rest))
    first = filled[0]
    second = filled[1] if len(filled) > 1 else None
    if second is None or not codes.may_be_quantity(cells[second]):
        reading = Reading(codes.without_label(cells[first]), None if second is None else cells[second])
        return Row(record.number, (reading,), counted=True)
    turned = (Reading(cells[first], cells[second]), Reading(cells[second], cells[first]))
    return Row(record.number, turned, *_texts([cells[place] for place in filled[2:]]))


def _texts(rest: Sequence[str]) -> tuple[dict[str, str], bool, tuple[str, ...]]:
    """Without a header: a date is the delivery date, the next cell the customer's reference. The file counts."""
    texts: dict[str, str] = {}
    unread = []
    for cell in rest:
        if "requested_delivery_date" not in texts and dates.is_date(cell):
            texts["requested_delivery_date"] = cell
        elif "line_reference" not in texts:
            texts["line_reference"] = cell
        else:
            unread.append(cell)
    return texts, True, tuple(unread)


def _labelled(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    return tuple(each._replace(code=codes.without_label(each.code)) for each in readings)
