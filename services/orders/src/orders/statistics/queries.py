"""Figures of one community and period, from the running ones: whole months as months, the rest as days."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from orders import direct
from orders.statistics.tables import DAYS

TOP_PRODUCTS = 100


@dataclass(slots=True)
class Figures:
    """`amounts`: minor units by currency."""

    orders: int = 0
    clients: int = 0
    articles: int = 0
    amounts: dict[str, int] = field(default_factory=dict)

    def add(self, orders: int, articles: int, currency: str, amount: int) -> None:
        self.orders += orders
        self.articles += articles
        self.amounts[currency] = self.amounts.get(currency, 0) + amount


@dataclass(frozen=True, slots=True)
class CareWorker:
    id: UUID
    subject: str
    figures: Figures


@dataclass(slots=True)
class Product:
    id: UUID
    description: str
    articles: int = 0
    amounts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Period:
    """[first, last], inclusive local dates."""

    first: datetime.date
    last: datetime.date

    def parts(self) -> dict[str, datetime.date]:
        """Half-open: days before the first whole month, whole months, days after the last one."""
        end = self.last + datetime.timedelta(days=1)
        months_from = self.first if self.first.day == 1 else _next_month(self.first)
        months_to = end.replace(day=1)
        if months_from >= months_to:
            months_from = months_to = end
        return {"days_from": self.first, "months_from": months_from, "months_to": months_to, "days_to": end}

    def days(self) -> dict[str, int | str]:
        """Its days of the first and of the last year, as in `community_clients`."""
        return {
            "year": self.first.year,
            "days": self._of_year(self.first.year),
            "last_year": self.last.year,
            "last_days": self._of_year(self.last.year),
        }

    def _of_year(self, year: int) -> str:
        first, last = max(self.first, datetime.date(year, 1, 1)), min(self.last, datetime.date(year, 12, 31))
        before, within = first.timetuple().tm_yday - 1, (last - first).days + 1
        return ("0" * before + "1" * within).ljust(DAYS, "0")


def _next_month(day: datetime.date) -> datetime.date:
    return (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)


def _of_period(table: str, columns: str) -> str:
    """The rows of the community and period."""
    ranges = (
        ("D", "days_from", "months_from"),
        ("M", "months_from", "months_to"),
        ("D", "months_to", "days_to"),
    )
    return " UNION ALL ".join(
        f"SELECT {columns} FROM {table} WHERE community_id = :community AND grain = '{grain}'"  # noqa: S608  # constants
        f" AND start_date >= CAST(:{first} AS date) AND start_date < CAST(:{end} AS date)"
        for grain, first, end in ranges
    )


_WORKERS = direct.statement(f"""
    WITH part AS ({
    _of_period("community_figures", "care_worker_id, currency, order_count, article_count, amount")
}), worker AS (
        SELECT care_worker_id, currency, sum(order_count) AS orders, sum(article_count) AS articles,
            sum(amount) AS amount
        FROM part GROUP BY 1, 2 HAVING sum(order_count) > 0
    )
    SELECT care_worker_id, coalesce(c.subject, '') AS subject, trim(currency) AS currency,
        CAST(orders AS bigint) AS orders, CAST(articles AS bigint) AS articles, CAST(amount AS bigint) AS amount
    FROM worker LEFT JOIN care_workers c ON c.id = care_worker_id
    ORDER BY care_worker_id, currency""")  # noqa: S608  # constants
# A row without a care worker is the whole community's: a client of two care workers is one client.
_CLIENTS = direct.statement("""
    WITH helped AS MATERIALIZED (
        SELECT care_worker_id, account_id FROM community_clients
        WHERE community_id = :community AND (
            (year = CAST(:year AS int)
                AND days & CAST(CAST(:days AS text) AS bit(366)) <> CAST(repeat('0', 366) AS bit(366)))
            OR (year = CAST(:last_year AS int)
                AND days & CAST(CAST(:last_days AS text) AS bit(366)) <> CAST(repeat('0', 366) AS bit(366)))
        ) GROUP BY 1, 2
    )
    SELECT care_worker_id, count(*) AS clients FROM helped GROUP BY 1
    UNION ALL SELECT NULL, count(*) FROM (SELECT 1 FROM helped GROUP BY account_id) x""")
_PRODUCTS = direct.statement(f"""
    WITH part AS ({_of_period("community_products", "product_id, currency, article_count, amount")}), sold AS (
        SELECT product_id, currency, sum(article_count) AS articles, sum(amount) AS amount
        FROM part GROUP BY 1, 2 HAVING sum(article_count) > 0
    ), top AS (
        SELECT product_id, max(amount) AS most FROM sold GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOP_PRODUCTS}
    )
    SELECT product_id, coalesce(n.description, '') AS description, trim(currency) AS currency,
        CAST(articles AS bigint) AS articles, CAST(amount AS bigint) AS amount
    FROM top JOIN sold USING (product_id)
    LEFT JOIN (
        SELECT product_id, description FROM community_product_names WHERE community_id = :community
    ) n USING (product_id)
    ORDER BY most DESC, product_id, currency""")  # noqa: S608  # constants


async def care_workers(
    engine: AsyncEngine, community_id: UUID, period: Period
) -> tuple[Figures, list[CareWorker]]:
    """Of the whole community, and of each care worker who ordered."""
    given = {"community": community_id}
    async with engine.connect() as connection:
        rows = await direct.rows(connection, _WORKERS, given | period.parts())
        clients = {
            row["care_worker_id"]: row["clients"]
            for row in await direct.rows(connection, _CLIENTS, given | period.days())
        }
    total = Figures(clients=clients.get(None, 0))
    found: dict[UUID, CareWorker] = {}
    for row in rows:
        one = row["care_worker_id"]
        worker = found.setdefault(one, CareWorker(one, row["subject"], Figures(clients=clients.get(one, 0))))
        for figures in (worker.figures, total):
            figures.add(row["orders"], row["articles"], row["currency"], row["amount"])
    return total, list(found.values())


async def products(engine: AsyncEngine, community_id: UUID, period: Period) -> list[Product]:
    """The hundred with the highest amounts, highest first."""
    found: dict[UUID, Product] = {}
    async with engine.connect() as connection:
        rows = await direct.rows(connection, _PRODUCTS, {"community": community_id, **period.parts()})
    for row in rows:
        product = found.setdefault(row["product_id"], Product(row["product_id"], row["description"]))
        product.articles += row["articles"]
        product.amounts[row["currency"]] = row["amount"]
    return list(found.values())
