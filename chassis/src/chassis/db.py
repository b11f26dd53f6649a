"""The database of one service: engine with bounded waits, sessions, migrations under a lock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from chassis.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from chassis.config import ServiceSettings

Sessions = async_sessionmaker[AsyncSession]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_MIGRATION_LOCK = 0x636F6D6D6973
# Connection loss (08), resources (53), shutdown (57P), then lock timeout, deadlock, serialization, cancel.
_AWAY = ("08", "53", "57P")
_BUSY = {"55P03": "lock timeout", "40P01": "deadlock", "40001": "serialization", "57014": "statement timeout"}


def metadata() -> sa.MetaData:
    """A MetaData whose constraints all have predictable names."""
    return sa.MetaData(naming_convention=NAMING)


def _connect_args(application: str, statement_seconds: float) -> dict[str, Any]:
    server = {
        "application_name": application,
        "jit": "off",
        "tcp_keepalives_idle": "10",  # a dead peer must not keep its locks (and the relay's) for hours
        "tcp_keepalives_interval": "3",
        "tcp_keepalives_count": "3",
    }
    args: dict[str, Any] = {"timeout": 3, "server_settings": server}
    if statement_seconds:
        server |= {
            "statement_timeout": f"{int(statement_seconds * 1000)}",
            "lock_timeout": "2000",
            "idle_in_transaction_session_timeout": "10000",
        }
        # Bounds a black-holed connection, on which the server's own timeouts cannot reach us.
        args["command_timeout"] = statement_seconds + 1
        args["prepared_statement_cache_size"] = 500
    return args


def engine(settings: ServiceSettings) -> AsyncEngine:
    """Limits: statement 10 s, lock wait 2 s, connecting 3 s, waiting for the pool 5 s."""
    url = settings.database_url.get_secret_value()
    return engine_for(url, settings.service_name, pool_size=settings.pool_size)


def engine_for(url: str, application: str = "commis", *, pool_size: int = 10) -> AsyncEngine:
    made = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,  # an overflowing connection is opened and thrown away each time, at the price of many requests
        pool_timeout=5,
        pool_use_lifo=True,
        hide_parameters=True,  # an error in the log must not show what a client wrote
        connect_args=_connect_args(application, 10),
    )
    event.listen(made.sync_engine, "checkout", _replace_closed)
    return made


def _replace_closed(connection: Any, _record: object, _pooled: object) -> None:
    if connection.driver_connection.is_closed():  # the server hung up while it lay in the pool
        raise DisconnectionError  # to the pool, which connects anew


def sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False)


async def dedicated(engine: AsyncEngine) -> Any:
    """An asyncpg connection of its own, outside the pool and without transaction. The caller closes it."""
    _, where = engine.dialect.create_connect_args(engine.url)
    how = _connect_args("relay", 10)
    del how["prepared_statement_cache_size"]
    return await asyncpg.connect(**where, **how)


@asynccontextmanager
async def driver(engine: AsyncEngine) -> AsyncIterator[Any]:
    """An asyncpg connection of the pool, for hot statements: what SQLAlchemy does around one costs several times the
    statement. Each is a transaction of its own; errors are asyncpg's, which `unavailable` knows too."""
    pooled = await engine.raw_connection()
    try:
        yield pooled.driver_connection
    finally:
        pooled.close()


def constraint_name(error: IntegrityError) -> str:
    """The violated constraint, "" when the server did not name one."""
    cause: BaseException | None = error.orig
    while cause is not None:
        name = getattr(cause, "constraint_name", None)
        if name:
            return str(name)
        cause = cause.__cause__
    return ""


def unavailable(error: BaseException) -> DatabaseUnavailable | None:
    """The error a client may retry, when the database is away or busy; None for every other exception."""
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable("no free connection")
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state in _BUSY:
            return DatabaseUnavailable(_BUSY[state])
        if error.connection_invalidated or state.startswith(_AWAY):
            return DatabaseUnavailable("connection lost")
        lost = not state and isinstance(error, (OperationalError, InterfaceError))
        return DatabaseUnavailable("connection failed") if lost else None
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate or "")
        if state in _BUSY or state.startswith(_AWAY):
            return DatabaseUnavailable(_BUSY.get(state, "connection lost"))
    lost = isinstance(error, (ConnectionError, TimeoutError, asyncpg.InterfaceError))
    return DatabaseUnavailable("connection failed") if lost else None


def after_commit(session: AsyncSession | Session, function: Callable[[], None]) -> None:
    """Call `function` once after the outermost commit; forgotten on rollback."""
    session.info.setdefault("after_commit", []).append(function)


@event.listens_for(Session, "after_commit")
def _run_after_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        for function in session.info.pop("after_commit", ()):
            function()


@event.listens_for(Session, "after_rollback")
def _forget_after_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop("after_commit", None)


def run_migrations(target: sa.MetaData) -> None:
    """The whole of an alembic env.py. The connection is given by `migrate`, else `alembic -x url=...`."""
    from alembic import context

    def run(connection: sa.Connection) -> None:
        context.configure(connection=connection, target_metadata=target, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()

    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    url = context.get_x_argument(as_dictionary=True)["url"]
    asyncio.run(_with_connection(url, run))


async def _with_connection(url: str, run: Callable[[sa.Connection], None]) -> None:
    # No statement limit here: building an index may take minutes.
    own = create_async_engine(url, poolclass=sa.NullPool, connect_args=_connect_args("migrate", 0))
    try:
        async with own.connect() as connection:
            await connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.commit()
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await own.dispose()


async def alembic(url: str, migrations: Path, command: str, *args: str) -> None:
    """Run an alembic command (`upgrade head`, `check`) over our connection, under an advisory lock:
    alembic takes none itself, and two replicas may start at once."""
    from alembic import command as commands
    from alembic.config import Config

    def run(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        config.attributes["connection"] = connection
        getattr(commands, command)(config, *args)

    await _with_connection(url, run)


async def migrate(settings: ServiceSettings, migrations_dir: Path) -> None:
    await alembic(settings.database_url.get_secret_value(), migrations_dir, "upgrade", "head")
