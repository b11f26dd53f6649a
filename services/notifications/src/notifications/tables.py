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
    # The person it is to, where that is known.
    sa.Column("person_id", sa.Uuid, nullable=True),
    # Whose names are in it.
    sa.Column("named_ids", sa.ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("resend_of", sa.Uuid, nullable=True),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("sender_id", sa.Uuid, nullable=True),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    _time("next_attempt_time"),
    _time("start_time"),
    _time("send_time"),
    # Data protection: an erased mail says that it was sent and when, not to whom or what.
    sa.Column("forget_when_sent", sa.Boolean, nullable=False, server_default=sa.false()),
    _time("erase_time"),
    sa.Column("erasure_id", sa.Uuid, nullable=True),
    sa.UniqueConstraint("cause_id", "template", "recipient", name="uq_mails_cause_id"),
    sa.CheckConstraint("state IN ('PENDING', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN')", name="state"),
    sa.Index("ix_mails_pending", "next_attempt_time", postgresql_where=sa.text("state = 'PENDING'")),
    sa.Index("ix_mails_sending", "start_time", postgresql_where=sa.text("state = 'SENDING'")),
    sa.Index("ix_mails_trouble", "id", postgresql_where=sa.text("state IN ('FAILED', 'UNKNOWN')")),
    sa.Index("ix_mails_order_id", "order_id", "id", postgresql_where=sa.text("order_id IS NOT NULL")),
    sa.Index("ix_mails_recipient", sa.text("lower(recipient)"), "id"),
    sa.Index("ix_mails_account_id", "account_id", "id", postgresql_where=sa.text("account_id IS NOT NULL")),
    sa.Index("ix_mails_person_id", "person_id", "id", postgresql_where=sa.text("person_id IS NOT NULL")),
    sa.Index("ix_mails_erasure_id", "erasure_id", postgresql_where=sa.text("erasure_id IS NOT NULL")),
    sa.Index(
        "ix_mails_forget_when_sent", "id", postgresql_where=sa.text("forget_when_sent AND erase_time IS NULL")
    ),
)

# `owner_id`: the care platform, or NIL (all zeros) for the vendor's own systems.
webhook_subscriptions = sa.Table(
    "webhook_subscriptions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner_id", sa.Uuid, nullable=False),
    sa.Column("target_address", sa.Text, nullable=False),
    # Empty: all of them.
    sa.Column("event_types", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    # Sealed. The former one signs too until previous_until.
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("previous_secret", sa.LargeBinary, nullable=True),
    _time("previous_until"),
    sa.Column("last_error", sa.Text, nullable=False, server_default=sa.text("''")),
    # The first of the failures since the last delivery that arrived.
    _time("failing_since"),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    _time("disable_time"),
    sa.CheckConstraint("state IN ('ACTIVE', 'PAUSED', 'DISABLED')", name="state"),
    sa.Index("ix_webhook_subscriptions_owner_id", "owner_id", "id"),
)
# The counter of each owner's feed: locked until the commit, so that numbers have no gap and do not overtake.
webhook_feeds = sa.Table(
    "webhook_feeds",
    metadata,
    sa.Column("owner_id", sa.Uuid, primary_key=True),
    sa.Column("last_sequence", sa.BigInteger, nullable=False),
)
webhook_events = sa.Table(
    "webhook_events",
    metadata,
    sa.Column("owner_id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Index("ix_webhook_events_create_time", "create_time"),
)
# While PENDING, next_attempt_time is also the lease of the process that has the delivery in hand; attempt_count,
# which grows when it is taken, tells that process whether the delivery is still its own.
webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column(
        "subscription_id",
        sa.Uuid,
        sa.ForeignKey("webhook_subscriptions.id", name="fk_webhook_deliveries_subscription_id"),
        nullable=False,
    ),
    sa.Column("owner_id", sa.Uuid, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt_count", sa.Integer, nullable=False, server_default=sa.text("0")),
    # Attempts since it was made, asked for again or resumed: how far it is in the schedule of retries.
    sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("last_status", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("last_error", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    _time("next_attempt_time"),
    _time("deliver_time"),
    sa.CheckConstraint("state IN ('PENDING', 'DELIVERED', 'FAILED')", name="state"),
    sa.ForeignKeyConstraint(
        ["owner_id", "sequence"],
        ["webhook_events.owner_id", "webhook_events.sequence"],
        name="fk_webhook_deliveries_owner_id",
        ondelete="CASCADE",
    ),
    sa.Index("ix_webhook_deliveries_subscription_id", "subscription_id", "id"),
    sa.Index("ix_webhook_deliveries_state", "subscription_id", "state", "id"),
    sa.Index("ix_webhook_deliveries_event", "owner_id", "sequence"),
    sa.Index(
        "ix_webhook_deliveries_pending",
        "subscription_id",
        "next_attempt_time",
        postgresql_where=sa.text("state = 'PENDING'"),
    ),
)

# The counter of each account's live feed, locked until the commit as above.
account_feeds = sa.Table(
    "account_feeds",
    metadata,
    sa.Column("account_id", sa.Uuid, primary_key=True),
    sa.Column("last_sequence", sa.BigInteger, nullable=False),
)
feed_entries = sa.Table(
    "feed_entries",
    metadata,
    sa.Column("account_id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("entry_type", sa.Text, nullable=False),
    sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=True),
    sa.Column("budget_id", sa.Uuid, nullable=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Index("ix_feed_entries_create_time", "create_time"),
)

# What a side of a shared order has yet to be told by a digest: ids, numbers and times, nothing about anybody.
# `due_time`: when the next digest is to be written, none while there is nothing to tell; also the lease of the process
# that writes it. `cause_id`: of that digest; whoever renews it first has told it.
sheet_digests = sa.Table(
    "sheet_digests",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("side", sa.Text, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("cause_id", sa.Uuid, nullable=False),
    # The last change that the side has to learn of, and the last one that a mail told.
    sa.Column("last_revision", sa.BigInteger, nullable=False),
    sa.Column("told_revision", sa.BigInteger, nullable=False),
    _time("waiting_since"),
    _time("due_time"),
    _time("told_time"),
    sa.CheckConstraint("side IN ('VENDOR', 'CUSTOMER')", name="side"),
    sa.Index("ix_sheet_digests_due_time", "due_time", postgresql_where=sa.text("due_time IS NOT NULL")),
)
