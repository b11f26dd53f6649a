"""What placing has to know of the sheet of a shared order."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import FieldViolation
from orders.domain.model import Order
from orders.placing.domain import Accepted
from orders.shared import store


async def standing(
    engine: AsyncEngine, order: Order, given: Accepted
) -> tuple[Accepted, list[FieldViolation]]:
    """The terms of sale as they were accepted on the sheet, unless others are given; and whether all is agreed."""
    async with engine.connect() as connection:
        sheet = await store.find(connection, order.id)
    if sheet is None or not sheet.agreed:
        return given, [FieldViolation("lines", "are not agreed by both sides yet", "NOT_AGREED")]
    kept = sheet.acceptance
    if kept is not None and (not given.version or (given.version, given.hash) == (kept.version, kept.hash)):
        return Accepted(kept.version, kept.hash, kept.party, kept.time), []
    return given, []
