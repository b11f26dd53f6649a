"""Adds placed orders to the running figures of their community, and takes cancelled ones out again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from orders import direct

# Every transaction writes these tables in the same order and their rows by key, so that none waits for another in a
# circle. Orders without a community, and sheets, count for nothing.
_COUNT = direct.statement("""
    WITH o AS (
        SELECT x.id, x.community_id, g.grain, g.start_date, CAST(x.actor_id AS uuid) AS care_worker_id,
            x.care_worker_subject, x.account_id, x.currency, x.total, x.place_date
        FROM orders x
        CROSS JOIN LATERAL (VALUES
            ('D', x.place_date), ('M', CAST(date_trunc('month', x.place_date) AS date))
        ) g (grain, start_date)
        WHERE x.id = ANY(CAST(:ids AS uuid[])) AND x.community_id IS NOT NULL AND x.place_date IS NOT NULL
    ), sold AS (
        SELECT o.id, o.community_id, o.grain, o.start_date, o.currency, l.product_id, l.description,
            CAST(:sign AS int) * l.quantity AS articles, CAST(:sign AS int) * l.total AS amount
        FROM o JOIN order_lines l ON l.order_id = o.id
    ), articles AS (
        SELECT id, sum(articles) AS articles FROM sold WHERE grain = 'D' GROUP BY id
    ), subjects AS (
        INSERT INTO care_workers (id, subject)
        SELECT DISTINCT ON (care_worker_id) care_worker_id, care_worker_subject FROM o ORDER BY care_worker_id
        ON CONFLICT DO NOTHING
    ), counted AS (
        INSERT INTO community_figures AS f
        SELECT community_id, grain, start_date, care_worker_id, currency, CAST(:sign AS int) * count(*),
            coalesce(sum(articles), 0), CAST(:sign AS int) * sum(total)
        FROM o LEFT JOIN articles USING (id) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (community_id, grain, start_date, care_worker_id, currency) DO UPDATE SET
            order_count = f.order_count + excluded.order_count,
            article_count = f.article_count + excluded.article_count, amount = f.amount + excluded.amount
    ), helped AS (
        INSERT INTO community_clients AS h
        SELECT community_id, CAST(extract(year FROM place_date) AS int), care_worker_id, account_id,
            bit_or(set_bit(CAST(repeat('0', 366) AS bit(366)), CAST(extract(doy FROM place_date) AS int) - 1, 1))
        FROM o WHERE grain = 'D' AND CAST(:sign AS int) > 0 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT (community_id, year, care_worker_id, account_id) DO UPDATE SET days = h.days | excluded.days
    ), named AS (
        INSERT INTO community_product_names AS n
        SELECT DISTINCT ON (community_id, product_id) community_id, product_id, description FROM sold
        WHERE CAST(:sign AS int) > 0 ORDER BY community_id, product_id
        ON CONFLICT (community_id, product_id) DO UPDATE SET description = excluded.description
            WHERE n.description <> excluded.description
    )
    INSERT INTO community_products AS p
    SELECT community_id, grain, start_date, product_id, currency, sum(articles), sum(amount) FROM sold
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (community_id, grain, start_date, product_id, currency) DO UPDATE SET
        article_count = p.article_count + excluded.article_count, amount = p.amount + excluded.amount""")


# A client's day stays as long as another order of it does. Whoever places or cancels one changes the client's row:
# with that locked, the next statement sees all of them.
_HELPED = """community_clients h
    WHERE h.community_id = x.community_id AND h.year = extract(year FROM x.place_date)
        AND h.care_worker_id = CAST(x.actor_id AS uuid) AND h.account_id = x.account_id"""
_LOCK_CLIENT = direct.statement(
    f"SELECT 1 FROM orders x, {_HELPED} AND x.id = :id FOR UPDATE OF h"  # noqa: S608  # constants
)
_FORGET_DAY = direct.statement(f"""
    UPDATE community_clients AS c SET days = set_bit(c.days, CAST(extract(doy FROM x.place_date) AS int) - 1, 0)
    FROM orders x, {_HELPED} AND x.id = :id AND NOT EXISTS (
        SELECT 1 FROM orders y
        WHERE y.account_id = x.account_id AND y.community_id = x.community_id AND y.actor_id = x.actor_id
            AND y.place_date = x.place_date AND y.state <> 'CANCELLED' AND y.id <> x.id
    ) AND (c.community_id, c.year, c.care_worker_id, c.account_id)
        = (h.community_id, h.year, h.care_worker_id, h.account_id)""")  # noqa: S608  # constants


async def count(connection: AsyncConnection, orders: Sequence[UUID]) -> None:
    """In the transaction that placed them."""
    await direct.first(connection, _COUNT, {"ids": list(orders), "sign": 1})


async def uncount(connection: AsyncConnection, order_id: UUID) -> None:
    """In the transaction that cancelled it, once. One that was never placed counted for nothing."""
    await direct.first(connection, _COUNT, {"ids": [order_id], "sign": -1})
    await direct.first(connection, _LOCK_CLIENT, {"id": order_id})
    await direct.first(connection, _FORGET_DAY, {"id": order_id})
