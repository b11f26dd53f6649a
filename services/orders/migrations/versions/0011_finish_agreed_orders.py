"""What was agreed and never placed is found; the end of an offer that was taken says nothing any more."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_AGREED = (
    "open AND sent > 0 AND line_count > 0 AND vendor_colour = 'GREEN' AND customer_colour = 'GREEN'"
    " AND obstacles = '[]'"
)


def upgrade() -> None:
    op.add_column("shared_orders", sa.Column("retry_time", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_shared_orders_agreed", "shared_orders", ["update_time"], postgresql_where=sa.text(_AGREED)
    )
    op.execute(
        "UPDATE shared_orders s SET expire_date = NULL, expire_side = NULL, expired = false"
        " FROM orders o WHERE o.id = s.order_id AND o.place_time IS NOT NULL AND s.expire_date IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_shared_orders_agreed", "shared_orders")
    op.drop_column("shared_orders", "retry_time")
