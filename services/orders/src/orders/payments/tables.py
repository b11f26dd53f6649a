"""Payments, refunds, and payment links. Amounts in minor units of the payment's currency.

A payment is written before the provider is asked to make it, and its id makes that call repeatable; so is a refund. At
most one payment per order is under way. Whatever has a `check_time` is looked at by the follower then.
"""

from __future__ import annotations

import sqlalchemy as sa

from orders.schema import metadata

# Orders that wait for an online payment.
UNPAID = "payment_method = 'ELECTRONIC' AND payment_state = 'OPEN' AND state = 'PLACED'"
_EMPTY = sa.text("''")
_FALSE = sa.text("false")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, sa.CheckConstraint("amount > 0", name="amount"), nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    # As the provider names it; empty until it has answered.
    sa.Column("provider_id", sa.Text, nullable=False, server_default=_EMPTY),
    sa.Column("checkout_address", sa.Text, nullable=False, server_default=_EMPTY),
    sa.Column("return_address", sa.Text, nullable=False),
    sa.Column("to_cancel", sa.Boolean, nullable=False, server_default=_FALSE),
    _moment("create_time"),
    _moment("update_time"),
    _moment("expire_time", nullable=True),
    _moment("check_time", nullable=True),
    sa.Index("ix_payments_order_id", "order_id", "id"),
    sa.Index(
        "uq_payments_under_way",
        "order_id",
        unique=True,
        postgresql_where=sa.text("state IN ('OPEN', 'PENDING', 'AUTHORIZED')"),
    ),
    sa.Index(
        "uq_payments_provider_id",
        "provider",
        "provider_id",
        unique=True,
        postgresql_where=sa.text("provider_id <> ''"),
    ),
    sa.Index("ix_payments_check_time", "check_time", postgresql_where=sa.text("check_time IS NOT NULL")),
)

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("payment_id", sa.Uuid, sa.ForeignKey("payments.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, sa.CheckConstraint("amount > 0", name="amount"), nullable=False),
    # What staff wrote; emptied with the order's other free text.
    sa.Column("reason", sa.Text, nullable=False, server_default=_EMPTY),
    sa.Column("automatic", sa.Boolean, nullable=False, server_default=_FALSE),
    sa.Column("provider_id", sa.Text, nullable=False, server_default=_EMPTY),
    _moment("create_time"),
    sa.Index("ix_refunds_payment_id", "payment_id", "id"),
    sa.Index(
        "uq_refunds_provider_id",
        "payment_id",
        "provider_id",
        unique=True,
        postgresql_where=sa.text("provider_id <> ''"),
    ),
)

payment_links = sa.Table(
    "payment_links",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    _moment("create_time"),
    _moment("expire_time"),
    # A newer one was sent.
    _moment("end_time", nullable=True),
    sa.Index("uq_payment_links_open", "order_id", unique=True, postgresql_where=sa.text("end_time IS NULL")),
)

# SHA-256 of what was mailed; the tokens themselves are nowhere.
payment_link_tokens = sa.Table(
    "payment_link_tokens",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("link_id", sa.Uuid, sa.ForeignKey("payment_links.id"), nullable=False),
    sa.Index("ix_payment_link_tokens_link_id", "link_id"),
)
