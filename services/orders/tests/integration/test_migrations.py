"""The migrations make the tables that the code expects, and the database guards what the code promises."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import db
from chassis.testing import create_database
from services.orders.tests.conftest import MIGRATIONS

_ORDER = sa.text("""
    INSERT INTO orders (id, version, state, payment_state, fulfilment_state, cart, account_id, payer_account_id,
        owner_kind, owner_id, channel, language, currency, tax_inclusive, billing_address, delivery_address,
        pricing_customer, taxes, line_count, next_position, create_time, update_time,
        actor_kind, actor_id, payment_method, payment_actor, number, place_time)
    VALUES (gen_random_uuid(), 1, 'DRAFT', 'NONE', 'NONE', false, gen_random_uuid(), gen_random_uuid(),
        'PERSON', '1', 'WEB', 'en', 'EUR', false, '{}', '{}', '{}', '[]', 0, 1, now(), now(),
        :actor, '1', :method, :chosen_by, CAST(:number AS text), CASE WHEN :number <> '' THEN now() END)
    RETURNING id""")


def an_order(actor: str, chosen_by: str, number: str | None, method: str = "ELECTRONIC") -> dict[str, Any]:
    return {"actor": actor, "method": method, "chosen_by": chosen_by, "number": number}


@asynccontextmanager
async def migrated(
    postgres_url: str, since: str, before: Callable[[AsyncConnection], Any]
) -> AsyncIterator[AsyncEngine]:
    """A database that `before` filled at that revision, at the newest one."""
    url = await create_database(postgres_url, f"orders_since_{since}", MIGRATIONS)
    await db.alembic(url, MIGRATIONS, "downgrade", since)
    engine = db.engine_for(url)
    async with engine.begin() as connection:
        await before(connection)
    await db.alembic(url, MIGRATIONS, "upgrade", "head")
    try:
        yield engine
    finally:
        await engine.dispose()


async def test_migrations_and_tables_agree(engine: AsyncEngine) -> None:
    await db.alembic(engine.url.render_as_string(hide_password=False), MIGRATIONS, "check")


@pytest.mark.spec("O-22")
async def test_what_staff_chose_to_pay_online_before_keeps_nobody_from_the_next_version(
    postgres_url: str,
) -> None:
    """A sheet has no payment method any more; what was placed goes on as it is, and nothing new is placed so."""

    async def fill(connection: AsyncConnection) -> None:
        for each in (("PERSON", "STAFF", None), ("PERSON", "STAFF", "1"), ("STAFF", "STAFF", "2")):
            await connection.execute(_ORDER, an_order(*each))

    async with migrated(postgres_url, "0004", fill) as engine:
        async with engine.begin() as connection:
            await connection.execute(sa.text("UPDATE orders SET state = 'CLOSED' WHERE number IS NOT NULL"))
            written = "SELECT number, payment_method, payment_actor, version FROM orders ORDER BY number"
            rows = [tuple(row) for row in await connection.execute(sa.text(written))]
        assert rows == [
            ("1", "ELECTRONIC", "STAFF", 1),
            ("2", "ELECTRONIC", "STAFF", 1),
            (None, None, None, 2),
        ]
        for refused in (("PERSON", "STAFF", None), ("STAFF", "PERSON", "3")):
            with pytest.raises(IntegrityError):
                async with engine.begin() as connection:
                    await connection.execute(_ORDER, an_order(*refused))


@pytest.mark.spec("N-09")
async def test_the_end_of_an_offer_that_was_taken_before_is_forgotten(postgres_url: str) -> None:
    sheet = sa.text("""
        INSERT INTO shared_orders (order_id, account_id, open, started_by, header, next_position, vendor_colour,
            customer_colour, currency, line_count, update_time, expire_date, expire_side)
        VALUES (:id, :id, true, 'VENDOR', '{}', 1, 'RED', 'RED', 'EUR', 0, now(), '2999-06-10', 'VENDOR')""")

    async def fill(connection: AsyncConnection) -> None:
        for number in (None, "1"):
            given = an_order("PERSON", "PERSON", number, "CHEQUE")
            await connection.execute(sheet, {"id": await connection.scalar(_ORDER, given)})

    async with migrated(postgres_url, "0010", fill) as engine, engine.connect() as connection:
        found = await connection.execute(
            sa.text(
                "SELECT number, expire_side FROM shared_orders JOIN orders ON id = order_id"
                " WHERE (expire_side IS NULL) = (expire_date IS NULL) ORDER BY number"
            )
        )
        assert [tuple(row) for row in found] == [("1", None), (None, "VENDOR")]
