"""Mails say by id whom they are to and whom they name, and what was erased of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("mails", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.add_column(
        "mails", sa.Column("named_ids", sa.ARRAY(sa.Uuid()), nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column(
        "mails", sa.Column("forget_when_sent", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("mails", sa.Column("erase_time", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mails", sa.Column("erasure_id", sa.Uuid(), nullable=True))
    for name, columns in (
        ("account_id", ["account_id", "id"]),
        ("person_id", ["person_id", "id"]),
        ("erasure_id", ["erasure_id"]),
    ):
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_mails_{name}", "mails", columns, postgresql_where=where)
    waiting = sa.text("forget_when_sent AND erase_time IS NULL")
    op.create_index("ix_mails_forget_when_sent", "mails", ["id"], postgresql_where=waiting)


def downgrade() -> None:
    for name in ("forget_when_sent", "erasure_id", "person_id", "account_id"):
        op.drop_index(f"ix_mails_{name}", "mails")
    for name in ("erasure_id", "erase_time", "forget_when_sent", "named_ids", "person_id"):
        op.drop_column("mails", name)
