"""An order that is amended and then cancelled gives back twice by itself: first what is too much, then the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.drop_index("uq_refunds_automatic", "refunds")


def downgrade() -> None:
    """All but the first of a payment are then as if somebody had asked for them."""
    op.execute(
        "UPDATE refunds r SET automatic = false WHERE automatic AND EXISTS ("
        "SELECT FROM refunds e WHERE e.payment_id = r.payment_id AND e.automatic AND e.id < r.id)"
    )
    op.create_index(
        "uq_refunds_automatic", "refunds", ["payment_id"], unique=True, postgresql_where=sa.text("automatic")
    )
