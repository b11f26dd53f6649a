"""Messages about orders, kept as they were written (triggers); only data protection may empty them."""

import sqlalchemy as sa

from orders.schema import metadata

order_messages = sa.Table(
    "order_messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("from_customer", sa.Boolean, nullable=False),
    sa.Column("author_kind", sa.Text, nullable=False),
    sa.Column("author_id", sa.Text, nullable=False),
    sa.Column("author_name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_order_messages_order_id", "order_id", "create_time", "id"),
)
