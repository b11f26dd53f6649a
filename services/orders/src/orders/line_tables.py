"""Lines and history of orders: see `tables`."""

from __future__ import annotations

import sqlalchemy as sa

from orders.schema import metadata

order_lines = sa.Table(
    "order_lines",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("variant_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("quantity", sa.Integer, sa.CheckConstraint("quantity > 0", name="quantity"), nullable=False),
    sa.Column("line_reference", sa.Text, nullable=False),
    sa.Column("cost_centre", sa.Text, nullable=False),
    sa.Column("requested_delivery_date", sa.Date, nullable=True),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("budget_code", sa.Text, nullable=False),
    # The price was agreed in a shared order, instead of what the lists say.
    sa.Column("negotiated", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("tax_inclusive", sa.Boolean, nullable=False),
    sa.Column("unit_price", sa.Numeric(18, 4), nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("tax_rate", sa.Numeric(7, 4), nullable=False),
    sa.Column("tax_category", sa.Text, nullable=False),
    sa.Column("weight_grams", sa.Integer, nullable=False),
    # commis.catalog.v1.LinePrice and Availability, as catalog sent them.
    sa.Column("price", sa.LargeBinary, nullable=False),
    sa.Column("availability", sa.LargeBinary, nullable=False),
)

order_history = sa.Table(
    "order_history",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("from_state", sa.Text, nullable=True),
    sa.Column("to_state", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)
