"""Curate selections: each function is one command, in the transaction of its session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.selections import domain, events, store
from catalog.selections.domain import Content, NewEntry
from catalog.selections.queries import SelectionView
from chassis import etag
from chassis.errors import Violations
from chassis.ids import new_id


async def create_selection(
    session: AsyncSession, content: Content, entries: Sequence[NewEntry]
) -> SelectionView:
    """Raises VariantsNotFound, InvalidFields for a variant named twice."""
    variants = await _resolved(session, entries)
    view = await store.add(session, new_id(), content, len(entries))
    await store.fill(session, view.id, variants, [entry.wise_category for entry in entries])
    events.selection_changed(session, view.id, view.version, created=True)
    return view


async def update_selection(
    session: AsyncSession, selection_id: UUID, changes: Mapping[str, Any], sent_etag: str
) -> SelectionView:
    """`changes` by the names of Content.

    Raises SelectionNotFound, EtagMismatch, InvalidFields for a validity that would end before it begins.
    """
    view = await store.get_locked(session, selection_id)
    etag.check(f"Selection {selection_id}", sent_etag, view.version)
    content = replace(view.content, **changes)
    v = Violations()
    domain.check_validity(v, content.valid_from, content.valid_to)
    v.raise_if_any()
    changed = await store.set_content(session, selection_id, content)
    events.selection_changed(session, selection_id, changed.version)
    return changed


async def set_entries(
    session: AsyncSession, selection_id: UUID, entries: Sequence[NewEntry], sent_etag: str
) -> SelectionView:
    """Replaces the whole ordered set. Of two at once the second waits, and then finds that its etag is stale.

    Raises SelectionNotFound, EtagMismatch, VariantsNotFound, InvalidFields for a variant named twice.
    """
    view = await store.get_locked(session, selection_id)
    etag.check(f"Selection {selection_id}", sent_etag, view.version)
    variants = await _resolved(session, entries)
    await store.clear(session, selection_id)
    await store.fill(session, selection_id, variants, [entry.wise_category for entry in entries])
    changed = await store.set_entry_count(session, selection_id, len(entries))
    events.selection_changed(session, selection_id, changed.version)
    return changed


async def _resolved(session: AsyncSession, entries: Sequence[NewEntry]) -> list[UUID]:
    if not entries:
        return []
    return domain.resolved(entries, await store.known_variants(session, entries))
