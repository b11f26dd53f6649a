"""Transfers, counts, and back-orders in the order in which they are filled."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# Who came last misses what is not there; when an order was placed is known only roughly for those already there.
_WHO_WAITS = """
    INSERT INTO stock_backorders (order_id, line_id, warehouse_id, variant_id, missing, place_time)
    SELECT order_id, line_id, warehouse_id, variant_id, least(taken, beyond - later), place_time FROM (
        SELECT r.order_id, r.line_id, t.warehouse_id, r.variant_id, t.taken, s.reserved - s.on_hand AS beyond,
            CASE WHEN h.state = 'FIRM' THEN h.update_time END AS place_time,
            sum(t.taken) OVER (
                PARTITION BY r.variant_id, t.warehouse_id
                ORDER BY h.state = 'FIRM', h.update_time DESC, r.order_id DESC, r.line_id DESC
            ) - t.taken AS later
        FROM stock_reservations r
        JOIN stock_holds h ON h.order_id = r.order_id AND h.state IN ('HELD', 'FIRM')
        CROSS JOIN LATERAL unnest(r.warehouse_ids, r.taken) AS t(warehouse_id, taken)
        JOIN stock_levels s ON s.variant_id = r.variant_id AND s.warehouse_id = t.warehouse_id
            AND s.reserved > s.on_hand
    ) parts WHERE beyond > later
"""
_KINDS = ("RECEIPT", "CORRECTION", "SHIPMENT", "RETURN", "TRANSFER")


def upgrade() -> None:
    op.create_table(
        "stock_backorders",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("line_id", sa.Text, nullable=False),
        sa.Column("warehouse_id", sa.Uuid, nullable=False),
        sa.Column("variant_id", sa.Uuid, nullable=False),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("place_time", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("order_id", "line_id", "warehouse_id", name=op.f("pk_stock_backorders")),
        sa.CheckConstraint("missing >= 0", name=op.f("ck_stock_backorders_missing")),
    )
    op.add_column("stock_levels", sa.Column("waiting", sa.Integer, nullable=False, server_default="0"))
    op.add_column("stock_holds", sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(_WHO_WAITS)
    op.execute("UPDATE stock_levels SET waiting = reserved - on_hand WHERE reserved > on_hand")
    op.execute(
        "UPDATE stock_holds SET waits = true WHERE order_id IN (SELECT order_id FROM stock_backorders)"
    )
    _index("variant_id", ["variant_id", "place_time", "order_id", "line_id", "warehouse_id"])
    _index("place_time", ["place_time", "order_id", "line_id", "warehouse_id"])
    op.drop_constraint(op.f("ck_stock_levels_not_sold_twice"), "stock_levels", type_="check")
    op.drop_column("stock_levels", "backordered")
    op.create_check_constraint(
        op.f("ck_stock_levels_waiting"), "stock_levels", "waiting BETWEEN 0 AND reserved"
    )
    op.create_check_constraint(
        op.f("ck_stock_levels_not_sold_twice"), "stock_levels", "reserved - waiting <= on_hand"
    )
    op.add_column("stock_movements", sa.Column("transfer_id", sa.Uuid, nullable=True))
    _allow((*_KINDS, "COUNT"))


def downgrade() -> None:
    op.execute("ALTER TABLE stock_movements DISABLE TRIGGER stock_movements_append_only")
    op.execute("UPDATE stock_movements SET kind = 'CORRECTION' WHERE kind = 'COUNT'")
    op.execute("ALTER TABLE stock_movements ENABLE TRIGGER stock_movements_append_only")
    _allow(_KINDS)
    op.drop_column("stock_movements", "transfer_id")
    op.drop_constraint(op.f("ck_stock_levels_not_sold_twice"), "stock_levels", type_="check")
    op.drop_constraint(op.f("ck_stock_levels_waiting"), "stock_levels", type_="check")
    op.add_column(
        "stock_levels", sa.Column("backordered", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.execute("UPDATE stock_levels SET backordered = true WHERE reserved > on_hand")
    op.create_check_constraint(
        op.f("ck_stock_levels_not_sold_twice"), "stock_levels", "backordered OR reserved <= on_hand"
    )
    op.drop_column("stock_levels", "waiting")
    op.drop_column("stock_holds", "waits")
    op.drop_table("stock_backorders")


def _index(name: str, columns: list[str]) -> None:
    op.create_index(
        f"ix_stock_backorders_{name}",
        "stock_backorders",
        columns,
        postgresql_where=sa.text("missing > 0 AND place_time IS NOT NULL"),
    )


def _allow(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_stock_movements_kind"), "stock_movements", type_="check")
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint(op.f("ck_stock_movements_kind"), "stock_movements", f"kind IN ({listed})")
