"""Sets prices: many at once, all or nothing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.history import NewPrice, PriceOverlap, Stored, Timeline
from catalog.search.upkeep import refresh_prices
from chassis import db
from chassis.errors import NotFound

# Whoever writes prices of a list waits here for whoever else does; readers do not.
_LOCK = sql.statement("""
    SELECT id, no, code, currency_code FROM price_lists WHERE id = ANY(CAST(:ids AS uuid[]))
    ORDER BY no FOR NO KEY UPDATE
""")
_CURRENT = sql.statement("""
    SELECT p.id, p.list_no, p.variant_no, p.valid_from, p.valid_to, p.set_valid_to, p.min_quantities, p.unit_prices,
        p.create_time
    FROM unnest(CAST(:lists AS integer[]), CAST(:variants AS bigint[])) AS w(list_no, variant_no)
    JOIN prices p ON p.list_no = w.list_no AND p.variant_no = w.variant_no
    WHERE p.supersede_time IS NULL
""")
_SHORTEN = sql.statement("UPDATE prices SET valid_to = :valid_to WHERE id = :id")
_SUPERSEDE = sql.statement("UPDATE prices SET supersede_time = now() WHERE id = ANY(CAST(:ids AS uuid[]))")
_INSERT = sql.statement("""
    INSERT INTO prices (id, list_no, variant_no, valid_from, valid_to, set_valid_to, min_quantities, unit_prices,
        create_time, supersede_time, copy_of)
    VALUES (:id, :list_no, :variant_no, :valid_from, :valid_to, :set_valid_to, CAST(:min_quantities AS integer[]),
        CAST(:unit_prices AS numeric[]), coalesce(CAST(:create_time AS timestamptz), now()),
        CASE WHEN CAST(:copy_of AS uuid) IS NOT NULL THEN now() END, CAST(:copy_of AS uuid))
""")


class PriceListNotFound(NotFound):
    reason = "PRICE_LIST_NOT_FOUND"

    def __init__(self, price_list: object) -> None:
        super().__init__(f"There is no price list {price_list}.", price_list=price_list)


class VariantNotFound(NotFound):
    reason = "VARIANT_NOT_FOUND"

    def __init__(self, variant: object) -> None:
        super().__init__(f"There is no variant {variant}.", variant=variant)


@dataclass(frozen=True, slots=True)
class LockedList:
    no: int
    code: str
    currency: str


async def lock_lists(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, LockedList]:
    rows = await sql.rows(session, _LOCK, {"ids": list(set(ids))})
    return {row.id: LockedList(row.no, row.code, row.currency_code) for row in rows}


class PriceBook:
    """The timelines of the variants that a change touches. Their lists must be locked."""

    def __init__(self, timelines: dict[tuple[int, int], Timeline], today: datetime.date) -> None:
        self.timelines = timelines
        self.today = today

    @classmethod
    async def read(
        cls, session: AsyncSession, keys: Iterable[tuple[int, int]], today: datetime.date
    ) -> PriceBook:
        """`keys`: (list number, variant number)."""
        wanted = list(dict.fromkeys(keys))
        timelines = {key: Timeline([]) for key in wanted}
        columns = {"lists": [key[0] for key in wanted], "variants": [key[1] for key in wanted]}
        for row in await sql.rows(session, _CURRENT, columns):
            timelines[row.list_no, row.variant_no].current.append(_stored(row))
        return cls(timelines, today)

    def set(self, new: NewPrice) -> tuple[Stored, bool]:
        return self.timelines[new.list_no, new.variant_no].set(new, self.today)

    async def write(self, session: AsyncSession) -> None:
        """Raises PriceOverlap when somebody else wrote past the locks."""
        timelines = list(self.timelines.values())
        shortened = [price for timeline in timelines for price in timeline.shortened.values()]
        superseded = [identity for timeline in timelines for identity in timeline.superseded]
        rows = [_row(price) for timeline in timelines for price in (*timeline.copies, *timeline.added)]
        if superseded:
            await sql.run(session, _SUPERSEDE, {"ids": superseded})
        if shortened:
            await sql.run(
                session, _SHORTEN, [{"id": price.id, "valid_to": price.valid_to} for price in shortened]
            )
        try:
            if rows:
                await sql.run(session, _INSERT, rows)
        except IntegrityError as error:
            if db.constraint_name(error) == "ex_prices_no_overlap":
                raise PriceOverlap(rows[0]["valid_from"], rows[0]["valid_from"]) from error
            raise
        if rows or superseded or shortened:
            await refresh_prices(session, [variant_no for _, variant_no in self.timelines], self.today)


def _stored(row: sql.Row) -> Stored:
    return Stored(
        id=row.id,
        list_no=row.list_no,
        variant_no=row.variant_no,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        set_valid_to=row.set_valid_to,
        ladder=tuple(zip(row.min_quantities, row.unit_prices, strict=True)),
        create_time=row.create_time,
    )


def _row(price: Stored) -> dict[str, Any]:
    return {
        "id": price.id,
        "list_no": price.list_no,
        "variant_no": price.variant_no,
        "valid_from": price.valid_from,
        "valid_to": price.valid_to,
        "set_valid_to": price.set_valid_to,
        "min_quantities": [step[0] for step in price.ladder],
        "unit_prices": [step[1] for step in price.ladder],
        "create_time": price.create_time,
        "copy_of": price.copy_of,
    }
