"""Statements that write selections. Whoever changes one holds its row until the transaction ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.selections.domain import Content, NewEntry, SelectionNotFound, Variant
from catalog.selections.queries import COLUMNS, SelectionView, view_of

_NEW = sql.statement(f"""
    INSERT INTO selections (id, titles, texts, wise_category, valid_from, valid_to, visible_to_all, groups,
        account_ids, entry_count)
    VALUES (:id, CAST(:titles AS jsonb), CAST(:texts AS jsonb), :wise_category, :valid_from, :valid_to,
        :visible_to_all, CAST(:groups AS text[]), CAST(:account_ids AS uuid[]), :entry_count)
    RETURNING {COLUMNS}
""")  # noqa: S608
_LOCKED = sql.statement(f"SELECT {COLUMNS} FROM selections WHERE id = :id FOR NO KEY UPDATE")  # noqa: S608
_SET = sql.statement(f"""
    UPDATE selections SET titles = CAST(:titles AS jsonb), texts = CAST(:texts AS jsonb),
        wise_category = :wise_category, valid_from = :valid_from, valid_to = :valid_to,
        visible_to_all = :visible_to_all, groups = CAST(:groups AS text[]),
        account_ids = CAST(:account_ids AS uuid[]), version = version + 1, update_time = now()
    WHERE id = :id RETURNING {COLUMNS}
""")  # noqa: S608
_COUNTED = sql.statement(f"""
    UPDATE selections SET entry_count = :entry_count, version = version + 1, update_time = now()
    WHERE id = :id RETURNING {COLUMNS}
""")  # noqa: S608
_KNOWN = sql.statement("""
    SELECT id, sku FROM variants WHERE id = ANY(CAST(:ids AS uuid[])) OR sku = ANY(CAST(:skus AS text[]))
""")
_CLEAR = sql.statement("DELETE FROM selection_entries WHERE selection_id = :id")
_FILL = sql.statement("""
    INSERT INTO selection_entries (selection_id, position, variant_id, wise_category)
    SELECT :id, e.position, e.variant_id, e.wise_category
    FROM unnest(CAST(:variants AS uuid[]), CAST(:categories AS text[]))
        WITH ORDINALITY AS e(variant_id, wise_category, position)
""")


def _row(selection_id: UUID, content: Content) -> dict[str, Any]:
    return {
        "id": selection_id,
        "titles": json.dumps(content.titles),
        "texts": json.dumps(content.texts),
        "wise_category": content.wise_category,
        "valid_from": content.valid_from,
        "valid_to": content.valid_to,
        "visible_to_all": content.visible_to_all,
        "groups": list(content.groups),
        "account_ids": list(content.account_ids),
    }


async def add(session: AsyncSession, selection_id: UUID, content: Content, entry_count: int) -> SelectionView:
    row = await sql.first(session, _NEW, _row(selection_id, content) | {"entry_count": entry_count})
    assert row is not None, "an insert returns its row"
    return view_of(row)


async def get_locked(session: AsyncSession, selection_id: UUID) -> SelectionView:
    """Raises SelectionNotFound."""
    row = await sql.first(session, _LOCKED, {"id": selection_id})
    if row is None:
        raise SelectionNotFound(selection_id)
    return view_of(row)


async def set_content(session: AsyncSession, selection_id: UUID, content: Content) -> SelectionView:
    """A new version of a locked selection."""
    row = await sql.first(session, _SET, _row(selection_id, content))
    assert row is not None, "the row is locked"
    return view_of(row)


async def set_entry_count(session: AsyncSession, selection_id: UUID, count: int) -> SelectionView:
    """A new version of a locked selection."""
    row = await sql.first(session, _COUNTED, {"id": selection_id, "entry_count": count})
    assert row is not None, "the row is locked"
    return view_of(row)


async def known_variants(session: AsyncSession, entries: Sequence[NewEntry]) -> list[Variant]:
    ids = [entry.variant_id for entry in entries if entry.variant_id is not None]
    skus = [entry.sku for entry in entries if entry.variant_id is None]
    return [Variant(*row) for row in await sql.rows(session, _KNOWN, {"ids": ids, "skus": skus})]


async def clear(session: AsyncSession, selection_id: UUID) -> None:
    await sql.run(session, _CLEAR, {"id": selection_id})


async def fill(
    session: AsyncSession, selection_id: UUID, variants: Sequence[UUID], categories: Sequence[str]
) -> None:
    """The entries of a selection that has none, in this order."""
    given = {"id": selection_id, "variants": list(variants), "categories": list(categories)}
    await sql.run(session, _FILL, given)
