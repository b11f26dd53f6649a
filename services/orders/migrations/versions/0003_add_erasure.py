"""Orders say when they were erased, for which erasure, and until when the law keeps what is left."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_FIXED = (
    "order_id, sequence, occur_time, actor_kind, actor_id, account_id, channel, action, from_state, to_state"
)
_TRIGGERS = (
    "DROP TRIGGER kept ON order_history",
    "CREATE TRIGGER kept BEFORE DELETE ON order_history FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    # Names and free text may be emptied (data protection); nothing else of history ever changes.
    f"""
CREATE TRIGGER only_erased BEFORE UPDATE ON order_history FOR EACH ROW
    WHEN (ROW({", ".join("OLD." + name for name in _FIXED.split(", "))})
          IS DISTINCT FROM ROW({", ".join("NEW." + name for name in _FIXED.split(", "))})
        OR NEW.actor_name NOT IN ('', OLD.actor_name) OR NEW.detail NOT IN ('', OLD.detail))
    EXECUTE FUNCTION refuse_change()
""",
)


def upgrade() -> None:
    op.add_column("orders", sa.Column("erase_time", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "orders",
        sa.Column("erasure_ids", sa.ARRAY(sa.Uuid()), nullable=False, server_default=sa.text("'{}'")),
    )
    op.add_column("orders", sa.Column("retention_date", sa.Date(), nullable=True))
    op.create_index(
        "ix_orders_erasure_ids",
        "orders",
        ["erasure_ids"],
        postgresql_using="gin",
        postgresql_where=sa.text("erasure_ids <> '{}'"),
    )
    op.create_index(
        "ix_orders_retention_date",
        "orders",
        ["retention_date"],
        postgresql_where=sa.text("retention_date IS NOT NULL"),
    )
    for statement in _TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER only_erased ON order_history")
    op.execute("DROP TRIGGER kept ON order_history")
    op.execute(
        "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON order_history FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.drop_index("ix_orders_retention_date", "orders")
    op.drop_index("ix_orders_erasure_ids", "orders")
    for column in ("retention_date", "erasure_ids", "erase_time"):
        op.drop_column("orders", column)
