"""Figures of one representative and period, out of the orders that it placed and that were not cancelled."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.paging import Page
from orders import direct
from orders.statistics.queries import Period

_MINE = """
    FROM orders o
    LEFT JOIN LATERAL (SELECT sum(l.quantity) AS articles FROM order_lines l WHERE l.order_id = o.id) n ON true
    WHERE o.actor_kind = 'REP' AND o.actor_id = CAST(:rep AS text) AND o.state <> 'CANCELLED'
        AND o.place_date >= CAST(:first AS date) AND o.place_date <= CAST(:last AS date)"""
_AFTER = (
    "(CAST(:amount AS bigint) IS NULL OR (sum(total), id) < (CAST(:amount AS bigint), CAST(:id AS uuid)))"
)


@dataclass(slots=True)
class RepFigures:
    """`articles`: pieces. `amounts`: minor units by currency, tax included."""

    orders: int = 0
    customers: int = 0
    articles: int = 0
    amounts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedFigures:
    """Of one account or product, in one currency."""

    id: UUID
    name: str
    orders: int
    articles: int
    amount: int


# Counts of customers are no sums, so each level is counted by itself: in all, by month, and each by currency.
_FIGURES = direct.statement(f"""
    WITH mine AS (
        SELECT CAST(date_trunc('month', o.place_date) AS date) AS month, trim(o.currency) AS currency, o.account_id,
            o.total, n.articles {_MINE}
    )
    SELECT month, currency, grouping(currency) = 1 AS every_currency, count(*) AS orders,
        count(DISTINCT account_id) AS customers, CAST(coalesce(sum(articles), 0) AS bigint) AS articles,
        CAST(sum(total) AS bigint) AS amount
    FROM mine GROUP BY GROUPING SETS ((), (month), (currency), (month, currency))
    ORDER BY month NULLS FIRST, currency""")  # noqa: S608  # constants
_BY_ACCOUNT = direct.statement(f"""
    WITH mine AS (
        SELECT o.account_id AS id, o.account_name AS name, o.id AS order_id, o.place_time, o.total, n.articles {_MINE}
            AND o.currency = CAST(:currency AS char(3))
            AND (CAST(:accounts AS uuid[]) IS NULL OR o.account_id = ANY(CAST(:accounts AS uuid[])))
    )
    SELECT id, (array_agg(name ORDER BY place_time DESC, order_id))[1] AS name, count(*) AS orders,
        CAST(coalesce(sum(articles), 0) AS bigint) AS articles, CAST(sum(total) AS bigint) AS amount
    FROM mine GROUP BY id HAVING {_AFTER} ORDER BY 5 DESC, 1 DESC LIMIT :count""")  # noqa: S608  # constants
_BY_PRODUCT = direct.statement(f"""
    WITH mine AS (SELECT o.id AS order_id, o.place_time {_MINE}), sold AS (
        SELECT l.product_id AS id, l.description AS name, m.order_id, m.place_time, l.quantity, l.total
        FROM mine m JOIN order_lines l ON l.order_id = m.order_id WHERE l.currency = CAST(:currency AS char(3))
    )
    SELECT id, (array_agg(name ORDER BY place_time DESC, order_id))[1] AS name, count(DISTINCT order_id) AS orders,
        CAST(sum(quantity) AS bigint) AS articles, CAST(sum(total) AS bigint) AS amount
    FROM sold GROUP BY id HAVING {_AFTER} ORDER BY 5 DESC, 1 DESC LIMIT :count""")  # noqa: S608  # constants


def _given(rep_id: UUID, period: Period) -> dict[str, Any]:
    return {"rep": str(rep_id), "first": period.first, "last": period.last}


async def figures(
    engine: AsyncEngine, rep_id: UUID, period: Period
) -> tuple[RepFigures, dict[datetime.date, RepFigures]]:
    """In all, and of each month that has orders, oldest first, by its first day."""
    async with engine.connect() as connection:
        rows = await direct.rows(connection, _FIGURES, _given(rep_id, period))
    total = RepFigures()
    months: dict[datetime.date, RepFigures] = {}
    for row in rows:
        month = row["month"]
        one = total if month is None else months.setdefault(month, RepFigures())
        if row["every_currency"]:
            one.orders, one.customers, one.articles = row["orders"], row["customers"], row["articles"]
        else:
            one.amounts[row["currency"]] = row["amount"]
    return total, months


async def by_account(
    engine: AsyncEngine,
    rep_id: UUID,
    period: Period,
    currency: str,
    page: Page,
    accounts: Sequence[UUID] | None,
) -> list[NamedFigures]:
    """The highest amounts first; one more than the page holds when there are more. Of `accounts` only; None for all."""
    given = _ranked(rep_id, period, currency, page) | {"accounts": accounts}
    return await _named(engine, _BY_ACCOUNT, given)


async def by_product(
    engine: AsyncEngine, rep_id: UUID, period: Period, currency: str, page: Page
) -> list[NamedFigures]:
    """As `by_account`; the amounts are those of lines as the orders show them, without shipping."""
    return await _named(engine, _BY_PRODUCT, _ranked(rep_id, period, currency, page))


def _ranked(rep_id: UUID, period: Period, currency: str, page: Page) -> dict[str, Any]:
    amount, last = page.after or (None, None)
    return _given(rep_id, period) | {
        "currency": currency,
        "amount": amount,
        "id": last,
        "count": page.size + 1,
    }


async def _named(
    engine: AsyncEngine, statement: direct.Statement, given: dict[str, Any]
) -> list[NamedFigures]:
    async with engine.connect() as connection:
        rows = await direct.rows(connection, statement, given)
    return [
        NamedFigures(row["id"], row["name"], row["orders"], row["articles"], row["amount"]) for row in rows
    ]
