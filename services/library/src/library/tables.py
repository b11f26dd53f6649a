"""The tables of library. The exclusion constraint on budget periods lives in the migration alone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from chassis import db, tables

metadata = db.metadata()
chassis_tables = tables.define(metadata)
_now = sa.text("now()")


def _time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=_now)


def _amount(name: str) -> sa.Column[Any]:
    """Minor units of the budget's currency."""
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))


# `version` counts changes of the attributes (the etag): movements of money, which come all day, do not spoil
# a form that staff have open. `entry_count` is the number of ledger entries so far.
budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
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
    _time("create_time"),
    _time("update_time"),
    sa.CheckConstraint("total >= 0 AND held >= 0 AND committed >= 0 AND credited >= 0", name="not_negative"),
    sa.CheckConstraint("credited <= committed", name="credited_was_committed"),
    sa.CheckConstraint(
        "overspending = 'WARN' OR total - held - committed + credited + adjusted >= 0", name="not_overspent"
    ),
    sa.CheckConstraint("overspending IN ('REFUSE', 'WARN')", name="overspending"),
    sa.CheckConstraint("period_start_date < period_end_date", name="period"),
    sa.Index("ix_budgets_account_id", "account_id", "id"),
)

# The ledger: only ever inserted. `amount` is the signed effect on the column its kind names.
budget_entries = sa.Table(
    "budget_entries",
    metadata,
    sa.Column("budget_id", sa.Uuid, sa.ForeignKey("budgets.id"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=True),
    sa.Column("reference_id", sa.Uuid, nullable=True),
    sa.Column("reason", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    _time("create_time"),
    sa.CheckConstraint("kind IN ('ALLOCATE', 'HOLD', 'RELEASE', 'COMMIT', 'CREDIT', 'ADJUST')", name="kind"),
    sa.Index(
        "ix_budget_entries_order_id",
        "budget_id",
        "order_id",
        "sequence",
        postgresql_where=sa.text("order_id IS NOT NULL"),
    ),
)

order_holds = sa.Table(
    "order_holds",
    metadata,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt_id", sa.Uuid, nullable=True),
    sa.Column("released_attempt_id", sa.Uuid, nullable=True),
    sa.Column("expire_time", sa.DateTime(timezone=True), nullable=True),
    # Of what an attempt to amend this order holds beyond; then `order_id` is that attempt.
    sa.Column("amends_order_id", sa.Uuid, nullable=True),
    _time("update_time"),
    sa.CheckConstraint("state IN ('RELEASED', 'HELD', 'FIRM', 'CANCELLED')", name="state"),
    sa.Index(
        "ix_order_holds_amends_order_id",
        "amends_order_id",
        postgresql_where=sa.text("amends_order_id IS NOT NULL"),
    ),
    sa.Index("ix_order_holds_expire_time", "expire_time", postgresql_where=sa.text("state = 'HELD'")),
    sa.Index(
        "ix_order_holds_update_time",
        "update_time",
        postgresql_where=sa.text("state IN ('RELEASED', 'CANCELLED')"),
    ),
)

order_hold_lines = sa.Table(
    "order_hold_lines",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("order_holds.order_id"), primary_key=True),
    sa.Column("budget_id", sa.Uuid, sa.ForeignKey("budgets.id"), primary_key=True),
    _amount("held"),
    _amount("committed"),
    _amount("credited"),
    sa.CheckConstraint("held >= 0 AND credited >= 0 AND credited <= committed", name="amounts"),
    sa.Index("ix_order_hold_lines_budget_id", "budget_id"),
)

# One row per invoice or credit note that moved money: what makes those calls idempotent for ever.
order_movements = sa.Table(
    "order_movements",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("reference_id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    _time("create_time"),
)
