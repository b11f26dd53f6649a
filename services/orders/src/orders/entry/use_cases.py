"""Check what was given against the catalogue, and add what is certain: nothing else reaches the sheet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from orders import access, answers, store
from orders.access import Caller
from orders.answers import Reply
from orders.domain.errors import OrderNotFound
from orders.domain.model import Order
from orders.entry import domain, encodings, table, text
from orders.entry.apart import WorkbookReader
from orders.entry.domain import Basis, Entry
from orders.entry.given import Sheet, unreadable
from orders.infrastructure import Infrastructure
from orders.ports import OrderingContext, ResolvedCode, WantedLine
from orders.sheets.changes import AddLines, wanted_lines
from orders.sheets.domain import LineFields, destination, pricing_customer
from orders.sheets.editing import Edit, check_changeable, edit_sheet, read_for_edit

R = TypeVar("R", bound=Message)
Finding = Callable[[Order, OrderingContext, Caller], Awaitable["Found"]]
MAX_TEXT, MAX_WORKBOOK = 1024**2, 5 * 1024**2


@dataclass(frozen=True, slots=True)
class Content:
    """Pasted text and CSV are read alike."""

    workbook: bool
    content: bytes


@dataclass(frozen=True, slots=True)
class Found:
    entries: list[Entry]
    unread: tuple[str, ...] = ()

    @property
    def good(self) -> list[tuple[int, LineFields]]:
        return domain.good(self.entries)


@dataclass(frozen=True, slots=True)
class AddRows(AddLines):
    """Lines that are named by the rows they were given in."""

    rows: tuple[int, ...] = ()

    def wanted(self, order: Order) -> list[tuple[str, WantedLine]]:
        lines = [line for _, line in wanted_lines(self.lines)]
        return [(f"rows[{row}]", line) for row, line in zip(self.rows, lines, strict=True)]


async def read(workbooks: WorkbookReader, given: Content) -> Sheet:
    """Raises InvalidFields for what cannot be read as a whole."""
    most = MAX_WORKBOOK if given.workbook else MAX_TEXT
    if len(given.content) > most:
        raise unreadable(f"has more than {most} bytes", "TOO_LONG")
    if given.workbook:
        sheet = table.sheet_of(await workbooks.records(given.content))
    else:
        sheet = await asyncio.to_thread(_read_text, given.content)
    if not sheet.rows:
        raise unreadable("has no rows", "REQUIRED")
    return sheet


def _read_text(content: bytes) -> Sheet:
    return table.sheet_of(text.records(encodings.text_of(content)))


async def check_entry(
    infra: Infrastructure, workbooks: WorkbookReader, order_id: UUID, given: Content
) -> Found:
    """Changes nothing. Raises OrderNotFound, InvalidFields."""
    caller = access.caller()
    order, context, _ = await read_for_edit(infra, caller, Edit(order_id))
    return await _found(infra, order, context, await read(workbooks, given))


async def check_reorder(infra: Infrastructure, order_id: UUID, past_id: UUID) -> Found:
    """Changes nothing. Raises OrderNotFound."""
    caller = access.caller()
    order, context, _ = await read_for_edit(infra, caller, Edit(order_id))
    return await _found_again(infra, caller, order, context, past_id)


async def add_entry(
    infra: Infrastructure,
    workbooks: WorkbookReader,
    edit: Edit,
    given: Content,
    reply: Callable[[Found], Reply[R]],
) -> R:
    """Adds the rows that are OK, in one change. Raises OrderNotFound, InvalidFields and what `edit_sheet` raises."""

    async def find(order: Order, context: OrderingContext, _caller: Caller) -> Found:
        return await _found(infra, order, context, await read(workbooks, given))

    return await _add(infra, edit, find, reply)


async def add_reorder(
    infra: Infrastructure, edit: Edit, past_id: UUID, reply: Callable[[Found], Reply[R]]
) -> R:
    """As `add_entry`, for the lines of a past order."""

    async def find(order: Order, context: OrderingContext, caller: Caller) -> Found:
        return await _found_again(infra, caller, order, context, past_id)

    return await _add(infra, edit, find, reply)


async def _add(infra: Infrastructure, edit: Edit, find: Finding, reply: Callable[[Found], Reply[R]]) -> R:
    caller = access.caller()
    order, context, stored = await read_for_edit(infra, caller, edit)
    if stored is not None:
        return reply(Found([])).parse(stored)
    check_changeable(order, edit.etag)
    found = await find(order, context, caller)
    if found.good:
        rows, lines = zip(*found.good, strict=True)
        return await edit_sheet(infra, edit, AddRows(lines, rows), reply(found))
    return await answers.store_alone(infra.engine, infra.sessions, edit.key, reply(found).build(order))


async def _found(infra: Infrastructure, order: Order, context: OrderingContext, sheet: Sheet) -> Found:
    wanted = domain.wanted_codes(sheet.rows)
    language = order.header.language
    answered = await infra.ports.catalog.resolve(wanted, language) if wanted else []
    resolved: dict[str, ResolvedCode] = dict(zip(wanted, answered, strict=True))
    entries = [domain.entry_of(row, resolved) for row in sheet.rows]
    return Found(await _priced(infra, order, context, entries), sheet.unread)


async def _found_again(
    infra: Infrastructure, caller: Caller, order: Order, context: OrderingContext, past_id: UUID
) -> Found:
    async with infra.engine.connect() as connection:
        past = await store.find(connection, past_id)
    past = await access.check_visible(infra.ports.customers, caller, past, past_id)
    if past.place_time is None:
        raise OrderNotFound(past_id)
    return Found(await _priced(infra, order, context, domain.again(past)))


async def _priced(
    infra: Infrastructure, order: Order, context: OrderingContext, entries: list[Entry]
) -> list[Entry]:
    asked = domain.wanted(entries)
    if not asked:
        return entries
    method = await infra.methods.find(order.header.shipping_method)
    customer = pricing_customer(context, destination(order.header.delivery, method))
    quoted = await infra.ports.catalog.quote(customer, asked, order.header.language)
    basis = Basis(order.lines[0].quote if order.lines else None)
    return domain.priced(entries, quoted, basis)
