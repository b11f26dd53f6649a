"""Orders, their lines and their history. Amounts in minor units of `currency`, unit prices with four decimals.

`version` counts the changes of an order; each leaves one history row with that number. Deleting orders and changing
history are refused by triggers (see the first migration).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from orders.attachments.tables import attachments
from orders.canned.tables import canned_messages
from orders.indexes import INDEXES
from orders.line_tables import order_history, order_lines
from orders.messages.tables import order_messages
from orders.payments.tables import payment_link_tokens, payment_links, payments, refunds
from orders.schema import metadata
from orders.shared import tables as shared_tables
from orders.shipments.tables import line_backorders, shipment_lines, shipments
from orders.shipping.tables import shipping_methods
from orders.statistics.tables import (
    care_workers,
    community_clients,
    community_figures,
    community_product_names,
    community_products,
)
from orders.terms.tables import terms

__all__ = ["attachments", "canned_messages", "care_workers", "community_clients", "community_figures"]
__all__ += ["community_product_names", "community_products", "line_backorders", "metadata", "order_history"]
__all__ += ["order_lines", "order_messages", "orders", "payment_link_tokens", "payment_links", "payments"]
__all__ += ["refunds", "shared_tables", "shipment_lines", "shipments", "shipping_methods", "terms"]

_EMPTY = sa.text("''")
_ZERO = sa.text("0")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default=_EMPTY)


def _searched(name: str) -> sa.Column[Any]:
    """Folded (see domain.folding), and ordered by code point, so that a prefix is a range of its index."""
    return sa.Column(name, sa.Text(collation="C"), nullable=False, server_default=_EMPTY)


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
    sa.Column("number", sa.Text(collation="C"), nullable=True, unique=True),
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
    # In an assisted session: through which community, and the platform's own ids of it, the care worker and the client.
    sa.Column("platform_id", sa.Uuid, nullable=True),
    sa.Column("community_id", sa.Uuid, nullable=True),
    _text("community_external_id"),
    _text("community_name"),
    _text("care_worker_subject"),
    _text("client_external_id"),
    _text("assisted_session"),
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
    # Who asked to place it and what became of that, with spending control.
    sa.Column("approval", JSONB, nullable=True),
    # Negotiated on a sheet that both sides see (see `shared`); then somebody else may have accepted the terms.
    sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("terms_accepted_by", JSONB, nullable=True),
    _searched("account_search"),
    _searched("reference_search"),
    # Data protection: by which erasures, and until when the law keeps the names and addresses that are left; without
    # erase_time, which is that of the whole account, those of the recipient only.
    _time("erase_time", nullable=True),
    sa.Column("erasure_ids", sa.ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("retention_date", sa.Date, nullable=True),
    # The vendor's side must never see payment data, so neither reps nor staff choose or place with an online payment.
    sa.CheckConstraint(
        "payment_method IS DISTINCT FROM 'ELECTRONIC' OR (payment_actor NOT IN ('REP', 'STAFF')"
        " AND NOT (place_time IS NOT NULL AND (actor_kind IN ('REP', 'STAFF') OR channel = 'REP')))",
        name="electronic_payment_by_customer",
    ),
    sa.CheckConstraint("(payment_method IS NULL) = (payment_actor IS NULL)", name="payment_actor_known"),
    sa.CheckConstraint("(number IS NULL) = (place_time IS NULL)", name="numbered_when_placed"),
    sa.CheckConstraint(
        "(channel = 'ASSISTED') = (community_id IS NOT NULL) AND (community_id IS NULL) = (platform_id IS NULL)",
        name="assisted_in_a_community",
    ),
    sa.CheckConstraint(
        "place_time IS NULL OR payment_method IS DISTINCT FROM 'MONTHLY_RESIDENCE'"
        " OR payer_account_id <> account_id",
        name="residence_pays_monthly",
    ),
    sa.CheckConstraint("state <> 'PENDING_APPROVAL' OR approval IS NOT NULL", name="approval_known"),
    *INDEXES,
)
