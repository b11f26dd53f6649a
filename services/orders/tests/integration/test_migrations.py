"""The migrations make the tables that the code expects, and the database guards what the code promises."""

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import db
from services.orders.tests.conftest import MIGRATIONS


async def test_migrations_and_tables_agree(engine: AsyncEngine) -> None:
    await db.alembic(engine.url.render_as_string(hide_password=False), MIGRATIONS, "check")
