"""Selections and their entries as they are read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.products.queries import parsed
from catalog.selections.domain import Content, Reader, SelectionNotFound, visible

COLUMNS = (
    "id, titles, texts, wise_category, valid_from, valid_to, visible_to_all, groups, account_ids, entry_count,"
    " version, create_time, update_time"
)
_BY_ID = sql.statement(f"SELECT {COLUMNS} FROM selections WHERE id = :id")  # noqa: S608
_ALL = sql.statement(f"""
    SELECT {COLUMNS} FROM selections WHERE (CAST(:after AS uuid) IS NULL OR id < :after)
    ORDER BY id DESC LIMIT :size
""")  # noqa: S608
# The same rule as domain.visible, for a reader who is not staff.
_VISIBLE = sql.statement(f"""
    SELECT {COLUMNS} FROM selections
    WHERE daterange(valid_from, valid_to) @> CAST(:today AS date)
        AND (visible_to_all OR groups && CAST(:groups AS text[]) OR account_ids && CAST(:accounts AS uuid[]))
        AND (CAST(:after AS uuid) IS NULL OR id < :after)
    ORDER BY id DESC LIMIT :size
""")  # noqa: S608
_ENTRIES = sql.statement("""
    SELECT e.position, e.variant_id, v.product_id, e.wise_category
    FROM selection_entries e JOIN variants v ON v.id = e.variant_id
    WHERE e.selection_id = :id AND e.position > :after ORDER BY e.position LIMIT :size
""")


@dataclass(frozen=True, slots=True)
class SelectionView:
    id: UUID
    content: Content
    entry_count: int
    version: int
    create_time: datetime.datetime
    update_time: datetime.datetime


class EntryView(NamedTuple):
    """`position` counts from 1; an empty `wise_category` is that of the selection."""

    position: int
    variant_id: UUID
    product_id: UUID
    wise_category: str


def view_of(row: sql.Row) -> SelectionView:
    content = Content(
        titles=parsed(row.titles),
        texts=parsed(row.texts),
        wise_category=row.wise_category,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        visible_to_all=row.visible_to_all,
        groups=tuple(row.groups),
        account_ids=tuple(row.account_ids),
    )
    return SelectionView(row.id, content, row.entry_count, row.version, row.create_time, row.update_time)


async def get_selection(
    session: AsyncSession, selection_id: UUID, reader: Reader, today: datetime.date
) -> SelectionView:
    """Raises SelectionNotFound, also for one that this reader may not see."""
    row = await sql.first(session, _BY_ID, {"id": selection_id})
    if row is None:
        raise SelectionNotFound(selection_id)
    view = view_of(row)
    if not visible(view.content, reader, today):
        raise SelectionNotFound(selection_id)
    return view


async def list_selections(
    session: AsyncSession, reader: Reader, today: datetime.date, after: UUID | None, size: int
) -> list[SelectionView]:
    """Newest first; one statement, however many there are."""
    if reader.staff:
        rows = await sql.rows(session, _ALL, {"after": after, "size": size})
    else:
        given = {
            "today": today,
            "groups": list(reader.groups),
            "accounts": [reader.account_id] if reader.account_id is not None else [],
            "after": after,
            "size": size,
        }
        rows = await sql.rows(session, _VISIBLE, given)
    return [view_of(row) for row in rows]


async def list_entries(session: AsyncSession, selection_id: UUID, after: int, size: int) -> list[EntryView]:
    """In their order, those behind the position `after`."""
    given = {"id": selection_id, "after": after, "size": size}
    return [EntryView(*row) for row in await sql.rows(session, _ENTRIES, given)]
