"""Digests of shared orders that wait to be mailed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "sheet_digests",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("cause_id", sa.Uuid, nullable=False),
        sa.Column("last_revision", sa.BigInteger, nullable=False),
        sa.Column("told_revision", sa.BigInteger, nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_time", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "side", name="pk_sheet_digests"),
        sa.CheckConstraint("side IN ('VENDOR', 'CUSTOMER')", name="ck_sheet_digests_side"),
    )
    op.create_index(
        "ix_sheet_digests_due_time",
        "sheet_digests",
        ["due_time"],
        postgresql_where=sa.text("due_time IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("sheet_digests")
