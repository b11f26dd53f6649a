"""The four tables every service has in its own database: outbox, inbox, dead_letters, idempotency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from chassis.db import metadata

_metadata = metadata()
_now = sa.text("now()")


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=nullable, server_default=None if nullable else _now
    )


# `position` orders the rows: events of one aggregate are inserted under its row lock, so their positions
# follow its versions whatever the clocks of several replicas say (ids alone would not promise that).
_outbox = sa.Table(
    "outbox",
    _metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("headers", JSONB, nullable=False),
    _time("create_time"),
    _time("publish_time", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    _time("next_attempt_time", nullable=True),
    sa.Column("last_error", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Index("ix_outbox_pending", "position", postgresql_where=sa.text("publish_time IS NULL")),
    sa.Index("ix_outbox_publish_time", "publish_time", postgresql_where=sa.text("publish_time IS NOT NULL")),
)
_inbox = sa.Table(
    "inbox",
    _metadata,
    sa.Column("consumer", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Uuid, primary_key=True),
    _time("process_time"),
    sa.Index("ix_inbox_process_time", "process_time", postgresql_using="brin"),
)
_dead_letters = sa.Table(
    "dead_letters",
    _metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("consumer", sa.Text, nullable=False),
    sa.Column("message_id", sa.Uuid, nullable=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("deliveries", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    _time("create_time"),
    _time("replay_time", nullable=True),
)
_idempotency = sa.Table(
    "idempotency",
    _metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("method", sa.Text, primary_key=True),
    sa.Column("request_id", sa.Uuid, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("response", sa.LargeBinary, nullable=True),
    _time("create_time"),
    sa.Index("ix_idempotency_create_time", "create_time", postgresql_using="brin"),
)


@dataclass(frozen=True, slots=True)
class ChassisTables:
    outbox: sa.Table
    inbox: sa.Table
    dead_letters: sa.Table
    idempotency: sa.Table


def define(target: sa.MetaData) -> ChassisTables:
    """Copies of the four tables in the service's metadata, so that `alembic check` knows them."""
    copies = (table.to_metadata(target) for table in (_outbox, _inbox, _dead_letters, _idempotency))
    return ChassisTables(*copies)


def create_chassis_tables(op: Any) -> None:
    """For the first migration of a service: `tables.create_chassis_tables(op)` in `upgrade`."""
    _metadata.create_all(op.get_bind(), checkfirst=False)


def drop_chassis_tables(op: Any) -> None:
    _metadata.drop_all(op.get_bind(), checkfirst=False)
