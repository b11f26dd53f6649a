"""Facts about selections for others."""

from __future__ import annotations

from uuid import UUID

from commis.catalog.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.attribution import attribution
from chassis import outbox


def selection_changed(
    session: AsyncSession, selection_id: UUID, version: int, *, created: bool = False
) -> None:
    """Its fields, its audience or its entries."""
    outbox.add(
        session,
        events_pb2.SelectionChanged(
            attribution=attribution(), selection_id=str(selection_id), created=created
        ),
        subject="commis.catalog.v1.selection_changed",
        aggregate_id=str(selection_id),
        aggregate_version=version,
    )
