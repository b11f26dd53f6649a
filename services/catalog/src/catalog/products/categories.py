"""The category tree. A category never moves, so the ids of its ancestors are stored with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.reference import touch
from catalog.products.domain import CategoryNotFound, CategoryTaken
from catalog.products.queries import parsed
from chassis.ids import new_id

SEPARATOR = "/"

_FIND = sql.statement("SELECT id, lineage, path FROM categories WHERE id = ANY(CAST(:ids AS uuid[]))")
_BY_PATH = sql.statement("SELECT id, lineage, path FROM categories WHERE path = ANY(CAST(:paths AS text[]))")
_NEW = sql.statement("""
    INSERT INTO categories (id, parent_id, names, path, lineage)
    VALUES (:id, :parent_id, CAST(:names AS jsonb), :path, CAST(:lineage AS uuid[]))
    ON CONFLICT (path) DO NOTHING RETURNING id
""")
_PAGE = sql.statement("""
    SELECT id, parent_id, names, path FROM categories
    WHERE (CAST(:after AS text) IS NULL OR path > :after) ORDER BY path LIMIT :size
""")


@dataclass(frozen=True, slots=True)
class CategoryView:
    id: UUID
    parent_id: UUID | None
    names: dict[str, str]
    path: str


async def check(session: AsyncSession, ids: Iterable[UUID]) -> None:
    """Raises CategoryNotFound for the first id that is not a category."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return
    known = {row.id for row in await sql.rows(session, _FIND, {"ids": wanted})}
    for category_id in wanted:
        if category_id not in known:
            raise CategoryNotFound(category_id)


async def create(
    session: AsyncSession, names: dict[str, str], parent_id: UUID | None, language: str
) -> CategoryView:
    """The path is made of the names in the vendor's language, else of the first name there is.

    Raises CategoryNotFound for the parent, CategoryTaken.
    """
    name = (names.get(language) or next(iter(names.values()))).replace(SEPARATOR, " ")
    lineage: list[UUID] = []
    path = name
    if parent_id is not None:
        parent = await sql.first(session, _FIND, {"ids": [parent_id]})
        if parent is None:
            raise CategoryNotFound(parent_id)
        lineage, path = list(parent.lineage), f"{parent.path}{SEPARATOR}{name}"
    view = CategoryView(new_id(), parent_id, names, path)
    if await sql.first(session, _NEW, _row(view, lineage)) is None:
        raise CategoryTaken(path)
    await touch(session)
    return view


def _row(view: CategoryView, ancestors: Sequence[UUID]) -> dict[str, Any]:
    return {
        "id": view.id,
        "parent_id": view.parent_id,
        "names": json.dumps(view.names),
        "path": view.path,
        "lineage": [*ancestors, view.id],
    }


async def ensure_paths(session: AsyncSession, paths: Iterable[str], language: str) -> dict[str, UUID]:
    """The categories of these paths (names from the root, separated by slashes); missing ones are made."""
    wanted = {path: path.split(SEPARATOR) for path in paths}
    levels = {SEPARATOR.join(names[: depth + 1]) for names in wanted.values() for depth in range(len(names))}
    if not levels:
        return {}
    known = await _known(session, levels)
    missing = sorted(level for level in levels if level not in known)
    for path in missing:
        parent, _, name = path.rpartition(SEPARATOR)
        parent_id, ancestors = known[parent] if parent else (None, [])
        view = CategoryView(new_id(), parent_id, {language: name}, path)
        if await sql.first(session, _NEW, _row(view, ancestors)) is None:
            known |= await _known(session, {path})  # somebody else made it in this moment
        else:
            known[path] = (view.id, [*ancestors, view.id])
    if missing:
        await touch(session)
    return {path: known[path][0] for path in wanted}


async def _known(session: AsyncSession, paths: Iterable[str]) -> dict[str, tuple[UUID, list[UUID]]]:
    rows = await sql.rows(session, _BY_PATH, {"paths": list(paths)})
    return {row.path: (row.id, list(row.lineage)) for row in rows}


async def list_categories(session: AsyncSession, after: str | None, size: int) -> list[CategoryView]:
    """In the order of their paths, so that children follow their parents."""
    rows = await sql.rows(session, _PAGE, {"after": after, "size": size})
    return [CategoryView(row.id, row.parent_id, parsed(row.names), row.path) for row in rows]
