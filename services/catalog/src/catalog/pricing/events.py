"""Facts about prices for others."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.catalog.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.attribution import attribution
from chassis import outbox

_SUBJECT = "commis.catalog.v1."


def prices_set(session: AsyncSession, list_id: UUID, variant_ids: Sequence[UUID]) -> None:
    event = events_pb2.PricesSet(
        attribution=attribution(),
        price_list_id=str(list_id),
        variant_ids=[str(variant_id) for variant_id in variant_ids],
    )
    outbox.add(session, event, subject=f"{_SUBJECT}prices_set", aggregate_id=str(list_id))


def price_list_changed(session: AsyncSession, list_id: UUID, version: int = 0) -> None:
    event = events_pb2.PriceListChanged(attribution=attribution(), price_list_id=str(list_id))
    outbox.add(
        session,
        event,
        subject=f"{_SUBJECT}price_list_changed",
        aggregate_id=str(list_id),
        aggregate_version=version,
    )


def discount_row_changed(session: AsyncSession, row_id: UUID) -> None:
    event = events_pb2.DiscountRowChanged(attribution=attribution(), discount_row_id=str(row_id))
    outbox.add(session, event, subject=f"{_SUBJECT}discount_row_changed", aggregate_id=str(row_id))
