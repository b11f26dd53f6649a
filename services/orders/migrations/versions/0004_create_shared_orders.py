"""Shared orders: their terms, proposals and log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

_FIXED = "order_id, sequence, occur_time, side, actor_kind, actor_id, kind, item, field, gone"
_TRIGGERS = (
    "CREATE TRIGGER kept BEFORE DELETE ON shared_order_changes FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    # Names, values and free text may be emptied (data protection); nothing else of the log ever changes.
    f"""
CREATE TRIGGER only_erased BEFORE UPDATE ON shared_order_changes FOR EACH ROW
    WHEN (ROW({", ".join("OLD." + name for name in _FIXED.split(", "))})
          IS DISTINCT FROM ROW({", ".join("NEW." + name for name in _FIXED.split(", "))})
        OR NEW.actor_name NOT IN ('', OLD.actor_name) OR NEW.text NOT IN ('', OLD.text)
        OR NEW.from_value NOT IN ('', OLD.from_value) OR NEW.to_value NOT IN ('', OLD.to_value)
        OR NEW.picture IS NOT NULL AND NEW.picture IS DISTINCT FROM OLD.picture)
    EXECUTE FUNCTION refuse_change()
""",
)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false"))


def _create_sheets() -> None:
    op.create_table(
        "shared_orders",
        sa.Column(
            "order_id",
            sa.Uuid(),
            sa.ForeignKey("orders.id", name="fk_shared_orders_order_id"),
            nullable=False,
        ),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        _count("revision"),
        _count("sent"),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("send_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expire_date", sa.Date(), nullable=True),
        sa.Column("expire_side", sa.Text(), nullable=True),
        _flag("expired"),
        _count("seen_vendor"),
        _count("seen_customer"),
        sa.Column("header", JSONB(), nullable=False),
        sa.Column("next_position", sa.Integer(), nullable=False),
        sa.Column("acceptance", JSONB(), nullable=True),
        sa.Column("obstacles", JSONB(), nullable=False, server_default=sa.text("'[]'")),
        sa.Column("vendor_colour", sa.Text(), nullable=False),
        sa.Column("customer_colour", sa.Text(), nullable=False),
        _count("total"),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amending_attempt", sa.Uuid(), nullable=True),
        sa.Column("amending_until", sa.DateTime(timezone=True), nullable=True),
        _flag("reminded_waiting"),
        _flag("reminded_expiring"),
        sa.PrimaryKeyConstraint("order_id", name="pk_shared_orders"),
    )
    for name, columns, where in (
        ("update_time", ["update_time", "order_id"], "open"),
        ("account", ["account_id", "update_time", "order_id"], "open"),
        ("waiting", ["send_time"], "open AND NOT reminded_waiting"),
        ("expiring", ["expire_date"], "open AND NOT expired"),
    ):
        op.create_index(f"ix_shared_orders_{name}", "shared_orders", columns, postgresql_where=sa.text(where))


def _create_lines() -> None:
    op.create_table(
        "shared_order_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "id", name="pk_shared_order_lines"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shared_orders.order_id"], name="fk_shared_order_lines_order_id"
        ),
    )


def _create_log() -> None:
    op.create_table(
        "shared_order_changes",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        _text("field"),
        _text("from_value"),
        _text("to_value"),
        _text("text"),
        sa.Column("picture", JSONB(), nullable=True),
        _flag("gone"),
        sa.PrimaryKeyConstraint("order_id", "sequence", name="pk_shared_order_changes"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shared_orders.order_id"], name="fk_shared_order_changes_order_id"
        ),
    )
    op.create_index("ix_shared_order_changes_item", "shared_order_changes", ["order_id", "item", "sequence"])
    for statement in _TRIGGERS:
        op.execute(statement)


def upgrade() -> None:
    op.add_column("orders", _flag("shared"))
    op.add_column("orders", sa.Column("terms_accepted_by", JSONB(), nullable=True))
    op.add_column("order_lines", _flag("negotiated"))
    _create_sheets()
    _create_lines()
    _create_log()


def downgrade() -> None:
    op.drop_table("shared_order_changes")
    op.drop_table("shared_order_lines")
    op.drop_table("shared_orders")
    op.drop_column("order_lines", "negotiated")
    op.drop_column("orders", "terms_accepted_by")
    op.drop_column("orders", "shared")
