"""The migrations build what the code expects, and can be taken back."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from chassis import db
from chassis.testing import create_database

MIGRATIONS = Path(__file__).parents[2] / "migrations"


async def test_the_migrations_make_the_tables_of_the_code(postgres_url: str) -> None:
    url = await create_database(postgres_url, "catalog_check", MIGRATIONS)
    await db.alembic(url, MIGRATIONS, "check")


async def test_downgrade_leaves_nothing(postgres_url: str) -> None:
    url = await create_database(postgres_url, "catalog_down", MIGRATIONS)
    await db.alembic(url, MIGRATIONS, "downgrade", "base")
    await db.alembic(url, MIGRATIONS, "upgrade", "head")
    await db.alembic(url, MIGRATIONS, "check")


# A back-order as it was written before anybody knew who waits: 3 there, 11 promised to four orders.
_OLD = """
INSERT INTO warehouses (id, code) VALUES ('00000000-0000-7000-8000-000000000001', 'MAIN');
INSERT INTO products (id, names, vat_class) VALUES ('00000000-0000-7000-8000-000000000002', '{}', 'STANDARD');
INSERT INTO variants (id, product_id, position, sku, code, options, stock_policy) VALUES
    ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', 0, 'A', 'a', '[]', 'BACKORDER');
INSERT INTO stock_levels (variant_id, warehouse_id, on_hand, reserved, backordered) VALUES
    ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', 3, 11, true);
INSERT INTO stock_holds (order_id, attempt_id, state, expire_time, update_time)
    SELECT ('00000000-0000-7000-8000-00000000001' || n)::uuid, ('00000000-0000-7000-8000-00000000001' || n)::uuid,
        CASE n WHEN 1 THEN 'HELD' ELSE 'FIRM' END, now(), timestamptz '2026-11-21' - n * interval '1 minute'
    FROM generate_series(1, 4) n;
INSERT INTO stock_reservations (order_id, line_id, variant_id, quantity, warehouse_ids, taken)
    SELECT order_id, '1', '00000000-0000-7000-8000-000000000003', quantity,
        ARRAY['00000000-0000-7000-8000-000000000001'::uuid], ARRAY[quantity]
    FROM (SELECT order_id, CASE WHEN order_id::text LIKE '%4' THEN 2 ELSE 3 END AS quantity FROM stock_holds) q;
"""


@pytest.mark.spec("C-22")
async def test_who_waited_before_keeps_waiting(postgres_url: str) -> None:
    """The last ones placed miss what is not there, and who is not placed comes after them."""
    url = await create_database(postgres_url, "catalog_waiting", MIGRATIONS)
    await db.alembic(url, MIGRATIONS, "downgrade", "0004")
    engine = db.engine_for(url)
    async with engine.begin() as connection:
        for statement in _OLD.split(";\n")[:-1]:
            await connection.execute(sa.text(statement))
    await db.alembic(url, MIGRATIONS, "upgrade", "head")
    async with engine.connect() as connection:
        rows = (
            await connection.execute(
                sa.text(
                    "SELECT right(order_id::text, 1), missing, place_time IS NOT NULL FROM stock_backorders"
                    " ORDER BY place_time, order_id"
                )
            )
        ).all()
        level = (
            await connection.execute(sa.text("SELECT on_hand, reserved, waiting FROM stock_levels"))
        ).one()
        waits = await connection.scalar(sa.text("SELECT count(*) FROM stock_holds WHERE waits"))
    await db.alembic(url, MIGRATIONS, "downgrade", "0004")
    async with engine.connect() as connection:
        again = (await connection.execute(sa.text("SELECT reserved, backordered FROM stock_levels"))).one()
    await engine.dispose()
    assert [tuple(row) for row in rows] == [("3", 2, True), ("2", 3, True), ("1", 3, False)]
    assert (tuple(level), waits, tuple(again)) == ((3, 11, 8), 3, (11, True))
