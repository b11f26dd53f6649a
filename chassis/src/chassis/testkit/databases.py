"""Databases for tests, built by the service's own migrations, emptied between tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis import db
from chassis.db import Sessions
from chassis.ids import new_id

_TABLES = sa.text(
    "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
    " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> ALL(:keep)"
)


async def create_database(
    postgres_url: str, name: str, migrations: Path | None, *, template: str | None = None
) -> str:
    """The URL of a new database with a unique name, migrated (or copied from a template)."""
    unique = f"{name}_{new_id().hex[-12:]}"
    admin = create_async_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    async with admin.connect() as connection:
        copied = f" TEMPLATE {template}" if template else ""
        await connection.execute(sa.text(f"CREATE DATABASE {unique}{copied}"))
    await admin.dispose()
    url = sa.make_url(postgres_url).set(database=unique).render_as_string(hide_password=False)
    if migrations is not None:
        await db.alembic(url, migrations, "upgrade", "head")
    return url


async def empty(engine: AsyncEngine, keep: tuple[str, ...] = ()) -> None:
    """Truncate every table that has rows, but alembic_version and `keep`; identities start again."""
    async with engine.begin() as connection:
        names = (await connection.execute(_TABLES, {"keep": ["alembic_version", *keep]})).scalars().all()
        if not names:
            return
        probe = " UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in names)  # noqa: S608
        used = (await connection.execute(sa.text(probe))).scalars().all()
        if used:
            await connection.execute(sa.text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))


def database_fixtures(
    name: str, migrations: Path, *, keep: tuple[str, ...] = (), pool_size: int = 20
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two fixtures for a conftest: `engine` (one migrated database per run), `sessions` (emptied after)."""

    @pytest.fixture(scope="session", name="engine")
    async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
        url = await create_database(postgres_url, name, migrations)
        created = db.engine_for(url, name, pool_size=pool_size)
        yield created
        await created.dispose()

    @pytest.fixture(name="sessions")
    async def sessions(engine: AsyncEngine) -> AsyncIterator[Sessions]:
        yield db.sessions(engine)
        await empty(engine, keep)

    return engine, sessions
