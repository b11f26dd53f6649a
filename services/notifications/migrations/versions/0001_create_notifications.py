"""Mails with their states."""

import sqlalchemy as sa
from alembic import op

from chassis import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    tables.create_chassis_tables(op)
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid, nullable=False),
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
        sa.Column("next_attempt_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("send_time", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.UniqueConstraint("cause_id", "template", "recipient", name="uq_mails_cause_id"),
        sa.CheckConstraint("state IN ('PENDING', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN')", name="state"),
    )
    pending, sending = sa.text("state = 'PENDING'"), sa.text("state = 'SENDING'")
    op.create_index("ix_mails_pending", "mails", ["next_attempt_time"], postgresql_where=pending)
    op.create_index("ix_mails_sending", "mails", ["start_time"], postgresql_where=sending)
    trouble = sa.text("state IN ('FAILED', 'UNKNOWN')")
    op.create_index("ix_mails_trouble", "mails", ["id"], postgresql_where=trouble)
    ordered = sa.text("order_id IS NOT NULL")
    op.create_index("ix_mails_order_id", "mails", ["order_id", "id"], postgresql_where=ordered)
    op.create_index("ix_mails_recipient", "mails", [sa.text("lower(recipient)"), "id"])


def downgrade() -> None:
    op.drop_table("mails")
    tables.drop_chassis_tables(op)
