"""The live feed of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "account_feeds",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_feeds"),
    )
    op.create_table(
        "feed_entries",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("entry_type", sa.Text, nullable=False),
        sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=True),
        sa.Column("budget_id", sa.Uuid, nullable=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("account_id", "sequence", name="pk_feed_entries"),
    )
    op.create_index("ix_feed_entries_create_time", "feed_entries", ["create_time"])


def downgrade() -> None:
    op.drop_table("feed_entries")
    op.drop_table("account_feeds")
