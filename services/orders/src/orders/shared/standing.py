"""What placing has to know of the sheet of a shared order."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import FieldViolation
from orders.domain.model import Order
from orders.domain.parties import Spender
from orders.placing.domain import Accepted
from orders.shared import store


@dataclass(frozen=True, slots=True)
class Standing:
    """`accepted`: the terms of sale, as on the sheet unless others are given. `spender`: who of the customer's side
    agreed under spending control. `findings`: whether all is agreed."""

    accepted: Accepted
    spender: Spender | None = None
    findings: list[FieldViolation] = field(default_factory=list)


async def standing(engine: AsyncEngine, order: Order, given: Accepted) -> Standing:
    async with engine.connect() as connection:
        sheet = await store.find(connection, order.id)
    if sheet is None or not sheet.agreed:
        found = [FieldViolation("lines", "are not agreed by both sides yet", "NOT_AGREED")]
        return Standing(given, None if sheet is None else sheet.spender, found)
    kept = sheet.acceptance
    if kept is not None and (not given.version or (given.version, given.hash) == (kept.version, kept.hash)):
        given = Accepted(kept.version, kept.hash, kept.party, kept.time)
    return Standing(given, sheet.spender)
