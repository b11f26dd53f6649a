"""Budgets, their ledger, what orders hold of them."""

import sqlalchemy as sa
from alembic import op

from chassis import tables

revision = "0001"
down_revision = None

_now = sa.text("now()")


def _amount(name):
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))


def upgrade() -> None:
    tables.create_chassis_tables(op)
    op.create_table(
        "budgets",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("period_start_date", sa.Date, nullable=False),
        sa.Column("period_end_date", sa.Date, nullable=False),
        _amount("total"),
        _amount("held"),
        _amount("committed"),
        _amount("credited"),
        _amount("adjusted"),
        sa.Column("standard_discount_percent", sa.Numeric(5, 2), nullable=False),
        sa.Column("fixed_price_discount_percent", sa.Numeric(5, 2), nullable=False),
        sa.Column("fixed_price_months", sa.Integer, nullable=False),
        sa.Column("overspending", sa.Text, nullable=False),
        sa.Column("entry_count", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=_now),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False, server_default=_now),
        sa.PrimaryKeyConstraint("id", name="pk_budgets"),
        sa.CheckConstraint(
            "total >= 0 AND held >= 0 AND committed >= 0 AND credited >= 0", name="not_negative"
        ),
        sa.CheckConstraint("credited <= committed", name="credited_was_committed"),
        sa.CheckConstraint(
            "overspending = 'WARN' OR total - held - committed + credited + adjusted >= 0",
            name="not_overspent",
        ),
        sa.CheckConstraint("overspending IN ('REFUSE', 'WARN')", name="overspending"),
        sa.CheckConstraint("period_start_date < period_end_date", name="period"),
    )
    op.create_index("ix_budgets_account_id", "budgets", ["account_id", "id"])
    # One budget per code, currency and day. The usual way needs btree_gist, which not every PostgreSQL has; a
    # range type of text has its GiST operators built in.
    op.execute('CREATE TYPE budget_key_range AS RANGE (subtype = text, collation = "C")')
    key = "account_id::text || '/' || code || '/' || currency::text"
    op.execute(
        "ALTER TABLE budgets ADD CONSTRAINT ex_budgets_period EXCLUDE USING gist ("
        f"budget_key_range({key}, {key}, '[]') WITH &&, daterange(period_start_date, period_end_date) WITH &&)"
    )
    op.create_table(
        "budget_entries",
        sa.Column("budget_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=True),
        sa.Column("reference_id", sa.Uuid, nullable=True),
        sa.Column("reason", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=_now),
        sa.PrimaryKeyConstraint("budget_id", "sequence", name="pk_budget_entries"),
        sa.ForeignKeyConstraint(["budget_id"], ["budgets.id"], name="fk_budget_entries_budget_id"),
        sa.CheckConstraint(
            "kind IN ('ALLOCATE', 'HOLD', 'RELEASE', 'COMMIT', 'CREDIT', 'ADJUST')", name="kind"
        ),
    )
    op.create_index(
        "ix_budget_entries_order_id",
        "budget_entries",
        ["budget_id", "order_id", "sequence"],
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_table(
        "order_holds",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt_id", sa.Uuid, nullable=True),
        sa.Column("released_attempt_id", sa.Uuid, nullable=True),
        sa.Column("expire_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False, server_default=_now),
        sa.PrimaryKeyConstraint("order_id", name="pk_order_holds"),
        sa.CheckConstraint("state IN ('RELEASED', 'HELD', 'FIRM', 'CANCELLED')", name="state"),
    )
    op.create_index(
        "ix_order_holds_expire_time",
        "order_holds",
        ["expire_time"],
        postgresql_where=sa.text("state = 'HELD'"),
    )
    op.create_index(
        "ix_order_holds_update_time",
        "order_holds",
        ["update_time"],
        postgresql_where=sa.text("state IN ('RELEASED', 'CANCELLED')"),
    )
    op.create_table(
        "order_hold_lines",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("budget_id", sa.Uuid, nullable=False),
        _amount("held"),
        _amount("committed"),
        _amount("credited"),
        sa.PrimaryKeyConstraint("order_id", "budget_id", name="pk_order_hold_lines"),
        sa.ForeignKeyConstraint(["order_id"], ["order_holds.order_id"], name="fk_order_hold_lines_order_id"),
        sa.ForeignKeyConstraint(["budget_id"], ["budgets.id"], name="fk_order_hold_lines_budget_id"),
        sa.CheckConstraint("held >= 0 AND credited >= 0 AND credited <= committed", name="amounts"),
    )
    op.create_index("ix_order_hold_lines_budget_id", "order_hold_lines", ["budget_id"])
    op.create_table(
        "order_movements",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reference_id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=_now),
        sa.PrimaryKeyConstraint("kind", "reference_id", name="pk_order_movements"),
    )


def downgrade() -> None:
    for table in ("order_movements", "order_hold_lines", "order_holds", "budget_entries", "budgets"):
        op.drop_table(table)
    op.execute("DROP TYPE budget_key_range")
    tables.drop_chassis_tables(op)
