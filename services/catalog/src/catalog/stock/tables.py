"""Tables of warehouses, stock levels and the ledger of movements."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.database import metadata, text_column, time_column

MOVEMENT_KINDS = ("RECEIPT", "CORRECTION", "SHIPMENT", "RETURN", "TRANSFER", "COUNT")

warehouses = sa.Table(
    "warehouses",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("rank", sa.Integer, sa.Identity(always=True), nullable=False, unique=True),
    text_column("code", unique=True),
    text_column("display_name", server_default=""),
    text_column("region_code", server_default=""),
    time_column(),
)
# `on_hand` is the sum of the movements. `reserved` may exceed it only by what back-orders wait for (`waiting`, see
# catalog.reservations.backorders). Rows change at every sale: room for updates within the page.
stock_levels = sa.Table(
    "stock_levels",
    metadata,
    sa.Column("variant_id", sa.Uuid, sa.ForeignKey("variants.id"), primary_key=True),
    sa.Column("warehouse_id", sa.Uuid, sa.ForeignKey("warehouses.id"), primary_key=True),
    sa.Column("on_hand", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("reserved", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("waiting", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("expected_date", sa.Date, nullable=True),
    sa.CheckConstraint("on_hand >= 0", name="on_hand"),
    sa.CheckConstraint("reserved >= 0", name="reserved"),
    sa.CheckConstraint("waiting BETWEEN 0 AND reserved", name="waiting"),
    sa.CheckConstraint("reserved - waiting <= on_hand", name="not_sold_twice"),
    sa.Index("ix_stock_levels_warehouse_id", "warehouse_id", "variant_id"),
    postgresql_with={"fillfactor": "70"},
)
# Append-only: a trigger refuses UPDATE and DELETE (see the first migration).
stock_movements = sa.Table(
    "stock_movements",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("variant_id", sa.Uuid, sa.ForeignKey("variants.id"), nullable=False),
    sa.Column("warehouse_id", sa.Uuid, sa.ForeignKey("warehouses.id"), nullable=False),
    text_column("kind"),
    sa.Column("quantity", sa.Integer, nullable=False),
    text_column("reason", server_default=""),
    sa.Column("order_id", sa.Uuid, nullable=True),
    sa.Column("transfer_id", sa.Uuid, nullable=True),
    text_column("actor_id", server_default=""),
    time_column(),
    sa.CheckConstraint(sa.column("kind").in_(MOVEMENT_KINDS), name="kind"),
    sa.CheckConstraint("quantity <> 0", name="quantity"),
    sa.Index("ix_stock_movements_variant_id", "variant_id", "id"),
    sa.Index("ix_stock_movements_warehouse_id", "warehouse_id", "id"),
)
