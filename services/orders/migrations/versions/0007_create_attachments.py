"""Files at order sheets and lines."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("added_kind", sa.Text(), nullable=False),
        sa.Column("added_id", sa.Text(), nullable=False),
        sa.Column("added_name", sa.Text(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_attachments_order_id"),
    )
    op.create_index("ix_attachments_order_id", "attachments", ["order_id", "id"])
    op.create_index(
        "ix_attachments_erasure_id",
        "attachments",
        ["erasure_id"],
        postgresql_where=sa.text("erasure_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("attachments")
