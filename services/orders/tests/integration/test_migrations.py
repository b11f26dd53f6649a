"""The migrations make the tables that the code expects, and the database guards what the code promises."""

import pytest
import sqlalchemy as sa
from chassis import db
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.orders.tests.conftest import MIGRATIONS
from services.orders.tests.shop import Shop


async def test_migrations_and_tables_agree(engine: AsyncEngine) -> None:
    await db.alembic(engine.url.render_as_string(hide_password=False), MIGRATIONS, "check")
