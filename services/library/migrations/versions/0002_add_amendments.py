"""What attempts to amend a placed order hold beyond what it has."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("order_holds", sa.Column("amends_order_id", sa.Uuid, nullable=True))
    op.create_index(
        "ix_order_holds_amends_order_id",
        "order_holds",
        ["amends_order_id"],
        postgresql_where=sa.text("amends_order_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_order_holds_amends_order_id", "order_holds")
    op.drop_column("order_holds", "amends_order_id")
