"""The tables of notifications."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from chassis import db, tables

metadata = db.metadata()
chassis_tables = tables.define(metadata)


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


# SENDING is committed when the server waits for the mail (SMTP 354), before a byte of it leaves.
# While PENDING, next_attempt_time is also the lease of the sender that has the mail in hand.
mails = sa.Table(
    "mails",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("cause_id", sa.Uuid, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt_count", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("last_error", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("order_id", sa.Uuid, nullable=True),
    sa.Column("account_id", sa.Uuid, nullable=True),
    sa.Column("credential_request_id", sa.Uuid, nullable=True),
    sa.Column("resend_of", sa.Uuid, nullable=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("sender_id", sa.Uuid, nullable=True),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    _time("next_attempt_time"),
    _time("start_time"),
    _time("send_time"),
    sa.UniqueConstraint("cause_id", "template", "recipient", name="uq_mails_cause_id"),
    sa.CheckConstraint("state IN ('PENDING', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN')", name="state"),
    sa.Index("ix_mails_pending", "next_attempt_time", postgresql_where=sa.text("state = 'PENDING'")),
    sa.Index("ix_mails_sending", "start_time", postgresql_where=sa.text("state = 'SENDING'")),
    sa.Index("ix_mails_trouble", "id", postgresql_where=sa.text("state IN ('FAILED', 'UNKNOWN')")),
    sa.Index("ix_mails_order_id", "order_id", "id", postgresql_where=sa.text("order_id IS NOT NULL")),
    sa.Index("ix_mails_recipient", sa.text("lower(recipient)"), "id"),
)
