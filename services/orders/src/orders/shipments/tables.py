"""Shipments with their lines, and what order lines wait for. `position` is 1-based within the order, `version` that of
the shipment's own etag. Nothing here is ever deleted (triggers, see the migration)."""

import sqlalchemy as sa

from orders.schema import metadata

shipments = sa.Table(
    "shipments",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("tracking_number", sa.Text, nullable=False),
    sa.Column("tracking_address", sa.Text, nullable=False),
    sa.Column("weight_grams", sa.BigInteger, nullable=False),
    sa.Column("ship_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("deliver_time", sa.DateTime(timezone=True), nullable=True),
    sa.UniqueConstraint("order_id", "position"),
)
shipment_lines = sa.Table(
    "shipment_lines",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("line_id", sa.Uuid, primary_key=True),
    sa.Column("shipment_id", sa.Uuid, sa.ForeignKey("shipments.id"), primary_key=True),
    sa.Column("quantity", sa.Integer, sa.CheckConstraint("quantity > 0", name="quantity"), nullable=False),
    sa.ForeignKeyConstraint(["order_id", "line_id"], ["order_lines.order_id", "order_lines.id"]),
)
# As catalog told: what a part of a line misses still, in which warehouse. `attempt_id`: what the order was placed with
# when that was told; empty when only a filling was heard of.
line_backorders = sa.Table(
    "line_backorders",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("line_id", sa.Uuid, primary_key=True),
    sa.Column("warehouse_id", sa.Uuid, primary_key=True),
    sa.Column("missing", sa.Integer, sa.CheckConstraint("missing >= 0", name="missing"), nullable=False),
    sa.Column("expected_date", sa.Date, nullable=True),
    sa.Column("attempt_id", sa.Uuid, nullable=True),
)
