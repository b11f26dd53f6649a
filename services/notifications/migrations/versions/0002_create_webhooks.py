"""Webhook subscriptions, events, deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NOW = sa.text("now()")
_EMPTY = sa.text("''")
_ZERO = sa.text("0")


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    default = None if nullable else _NOW
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def upgrade() -> None:
    op.create_table(
        "webhook_subscriptions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("target_address", sa.Text, nullable=False),
        sa.Column("event_types", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary, nullable=True),
        _time("previous_until"),
        sa.Column("last_error", sa.Text, nullable=False, server_default=_EMPTY),
        _time("failing_since"),
        _time("create_time", nullable=False),
        _time("disable_time"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_subscriptions"),
        sa.CheckConstraint("state IN ('ACTIVE', 'PAUSED', 'DISABLED')", name="state"),
    )
    op.create_index("ix_webhook_subscriptions_owner_id", "webhook_subscriptions", ["owner_id", "id"])
    op.create_table(
        "webhook_feeds",
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name="pk_webhook_feeds"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        _time("create_time", nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "sequence", name="pk_webhook_events"),
    )
    op.create_index("ix_webhook_events_create_time", "webhook_events", ["create_time"])
    _create_deliveries()


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("subscription_id", sa.Uuid, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt_count", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("tries", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("last_status", sa.Integer, nullable=False, server_default=_ZERO),
        sa.Column("last_error", sa.Text, nullable=False, server_default=_EMPTY),
        _time("create_time", nullable=False),
        _time("next_attempt_time"),
        _time("deliver_time"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["webhook_subscriptions.id"], name="fk_webhook_deliveries_subscription_id"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "sequence"],
            ["webhook_events.owner_id", "webhook_events.sequence"],
            name="fk_webhook_deliveries_owner_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("state IN ('PENDING', 'DELIVERED', 'FAILED')", name="state"),
    )
    table = "webhook_deliveries"
    op.create_index("ix_webhook_deliveries_subscription_id", table, ["subscription_id", "id"])
    op.create_index("ix_webhook_deliveries_state", table, ["subscription_id", "state", "id"])
    op.create_index("ix_webhook_deliveries_event", table, ["owner_id", "sequence"])
    pending = sa.text("state = 'PENDING'")
    columns = ["subscription_id", "next_attempt_time"]
    op.create_index("ix_webhook_deliveries_pending", table, columns, postgresql_where=pending)


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_events", "webhook_feeds", "webhook_subscriptions"):
        op.drop_table(table)
