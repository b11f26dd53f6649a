"""The migrations build what the code expects, and can be taken back."""

from pathlib import Path

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
