"""Orders, their lines and their history. Amounts in minor units of `currency`, unit prices with four decimals.

`version` counts the changes of an order; each leaves one history row with that number. Deleting orders and changing
history are refused by triggers (see the first migration).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from orders.schema import metadata
from orders.shipping.tables import shipping_methods
from orders.terms.tables import terms

__all__ = ["metadata", "order_history", "order_lines", "orders", "shipping_methods", "terms"]

_EMPTY = sa.text("''")
_ZERO = sa.text("0")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default=_EMPTY)


def _amount(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=_ZERO)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("payment_state", sa.Text, nullable=False),
    sa.Column("fulfilment_state", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=True, unique=True),
    sa.Column("cart", sa.Boolean, nullable=False),
    sa.Column("account_id", sa.Uuid, nullable=False),
    _text("account_name"),
    sa.Column("payer_account_id", sa.Uuid, nullable=False),
    _text("payer_name"),
    # Who made the sheet; a user's own orders are these.
    sa.Column("owner_kind", sa.Text, nullable=False),
    sa.Column("owner_id", sa.Text, nullable=False),
    # Who acts: the owner, then whoever placed it.
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    _text("actor_name"),
    sa.Column("channel", sa.Text, nullable=False),
    _text("rep_code"),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("tax_inclusive", sa.Boolean, nullable=False),
    _text("order_reference"),
    _text("cost_centre"),
    _text("note"),
    sa.Column("billing_address", JSONB, nullable=False),
    sa.Column("delivery_address", JSONB, nullable=False),
    _text("contact_name"),
    _text("contact_email"),
    _text("contact_phone"),
    _text("shipping_method"),
    sa.Column("payment_method", sa.Text, nullable=True),
    # The kind of actor that chose the payment method.
    sa.Column("payment_actor", sa.Text, nullable=True),
    _time("taken_time", nullable=True),
    sa.Column("requested_delivery_date", sa.Date, nullable=True),
    sa.Column("pricing_customer", JSONB, nullable=False),
    _amount("goods"),
    _amount("discount"),
    _amount("shipping"),
    _amount("tax"),
    _amount("total"),
    _amount("net"),
    _amount("weight_grams"),
    sa.Column("taxes", JSONB, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("next_position", sa.Integer, nullable=False),
    sa.Column("terms_version", sa.Text, nullable=True),
    sa.Column("terms_hash", sa.Text, nullable=True),
    sa.Column("terms_accept_time", sa.DateTime(timezone=True), nullable=True),
    _time("create_time"),
    _time("update_time"),
    _time("place_time", nullable=True),
    sa.Column("place_date", sa.Date, nullable=True),
    # The attempt that is placing the order now, or that placed it.
    sa.Column("placing_attempt", sa.Uuid, nullable=True),
    sa.Column("placing_request", sa.Uuid, nullable=True),
    _time("placing_until", nullable=True),
    # SHA-256 of the request that created it, when the client made the id.
    sa.Column("create_fingerprint", sa.LargeBinary, nullable=True),
    # A representative must never see payment data, so no rep ever chooses or places with an online payment.
    sa.CheckConstraint(
        "payment_method IS DISTINCT FROM 'ELECTRONIC' OR (payment_actor <> 'REP'"
        " AND NOT (place_time IS NOT NULL AND (actor_kind = 'REP' OR channel = 'REP')))",
        name="no_electronic_payment_by_rep",
    ),
    sa.CheckConstraint("(payment_method IS NULL) = (payment_actor IS NULL)", name="payment_actor_known"),
    sa.CheckConstraint("(number IS NULL) = (place_time IS NULL)", name="numbered_when_placed"),
    sa.Index(
        "uq_orders_open_cart",
        "account_id",
        "owner_kind",
        "owner_id",
        unique=True,
        postgresql_where=sa.text("cart"),
    ),
    sa.Index("ix_orders_account", "account_id", "create_time", "id"),
    sa.Index(
        "ix_orders_owner",
        "account_id",
        "owner_id",
        "create_time",
        "id",
        postgresql_where=sa.text("owner_kind = 'PERSON'"),
    ),
    sa.Index("ix_orders_create_time", "create_time", "id"),
    sa.Index("ix_orders_state", "state", "create_time", "id"),
    sa.Index(
        "ix_orders_rep", "actor_id", "create_time", "id", postgresql_where=sa.text("actor_kind = 'REP'")
    ),
    sa.Index("ix_orders_place_date", "place_date", "id", postgresql_where=sa.text("place_date IS NOT NULL")),
)

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
    _time("occur_time"),
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
