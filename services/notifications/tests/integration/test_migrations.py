from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import db
from chassis.testing import create_database
from services.notifications.tests.conftest import MIGRATIONS


async def test_tables_are_what_the_migrations_build(engine: AsyncEngine) -> None:
    await db.alembic(engine.url.render_as_string(hide_password=False), MIGRATIONS, "check")


async def test_migrations_can_be_taken_back_and_run_again(postgres_url: str) -> None:
    url = await create_database(postgres_url, "notifications_again", MIGRATIONS)
    await db.alembic(url, MIGRATIONS, "downgrade", "base")
    await db.alembic(url, MIGRATIONS, "upgrade", "head")
