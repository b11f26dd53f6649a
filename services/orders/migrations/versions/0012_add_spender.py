"""Whose spending an agreed order counts as. Some databases have the column from 0004, which was edited to make it."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE shared_orders ADD COLUMN IF NOT EXISTS spender jsonb")


def downgrade() -> None:
    op.drop_column("shared_orders", "spender")
