"""The migrations build exactly what the models say."""

from chassis import db
from chassis.testing import create_database
from customers.__main__ import MIGRATIONS


async def test_nothing_differs_from_the_models(postgres_url: str) -> None:
    url = await create_database(postgres_url, "customers_check", MIGRATIONS)
    await db.alembic(url, MIGRATIONS, "check")
