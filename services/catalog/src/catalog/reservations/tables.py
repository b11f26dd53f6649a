"""Tables of stock holds: one row per order, one per order line, one per part of a line that had to wait."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from catalog.database import metadata, text_column, time_column

STATES = ("HELD", "FIRM", "SHIPPED", "RELEASED", "REFUSED")
_WAITS = sa.text("missing > 0 AND place_time IS NOT NULL")

# `released_attempt_id` remembers the latest attempt that was released, also when its hold has not come yet.
stock_holds = sa.Table(
    "stock_holds",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("attempt_id", sa.Uuid, nullable=False),
    text_column("state"),
    sa.Column("released_attempt_id", sa.Uuid, nullable=True),
    # Of what an attempt to amend this order holds beyond; then `order_id` is that attempt.
    sa.Column("amends_order_id", sa.Uuid, nullable=True),
    # Some of it was not there: rows of stock_backorders may exist.
    sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("content_hash", sa.LargeBinary, nullable=True),
    sa.Column("answer", sa.LargeBinary, nullable=True),
    time_column("expire_time"),
    time_column(),
    time_column("update_time"),
    sa.CheckConstraint(sa.column("state").in_(STATES), name="state"),
    sa.Index("ix_stock_holds_expire_time", "expire_time", postgresql_where=sa.text("state = 'HELD'")),
    sa.Index(
        "ix_stock_holds_amends_order_id",
        "amends_order_id",
        postgresql_where=sa.text("amends_order_id IS NOT NULL"),
    ),
)
# Where the quantity of a line was taken: one warehouse, or several when none had enough; none for what is not
# stock-managed. No foreign key: the variant was read in the same transaction, and variants are never deleted.
stock_reservations = sa.Table(
    "stock_reservations",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    text_column("line_id", primary_key=True),
    sa.Column("variant_id", sa.Uuid, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("warehouse_ids", ARRAY(sa.Uuid), nullable=False),
    sa.Column("taken", ARRAY(sa.Integer), nullable=False),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("cardinality(warehouse_ids) = cardinality(taken)", name="taken"),
)
# What a part of a line still waits for; the rules are in catalog.reservations.backorders. `place_time` is empty until
# the order is placed.
stock_backorders = sa.Table(
    "stock_backorders",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    text_column("line_id", primary_key=True),
    sa.Column("warehouse_id", sa.Uuid, primary_key=True),
    sa.Column("variant_id", sa.Uuid, nullable=False),
    sa.Column("missing", sa.Integer, nullable=False),
    time_column("place_time", nullable=True),
    sa.CheckConstraint("missing >= 0", name="missing"),
    sa.Index(
        "ix_stock_backorders_variant_id",
        "variant_id",
        "place_time",
        "order_id",
        "line_id",
        "warehouse_id",
        postgresql_where=_WAITS,
    ),
    sa.Index(
        "ix_stock_backorders_place_time",
        "place_time",
        "order_id",
        "line_id",
        "warehouse_id",
        postgresql_where=_WAITS,
    ),
)
