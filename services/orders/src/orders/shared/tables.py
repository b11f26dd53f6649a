"""Sheets of shared orders, their lines and their log. Amounts in minor units of `currency`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from orders.schema import metadata

_EMPTY = sa.text("''")
_OPEN = sa.text("open")
# Agreed by both sides, with nothing known to stand against placing it, or against amending the placed order to it.
AGREED = (
    "open AND sent > 0 AND line_count > 0 AND vendor_colour = 'GREEN' AND customer_colour = 'GREEN'"
    " AND obstacles = '[]'"
)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default=_EMPTY)


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text("false"))


shared_orders = sa.Table(
    "shared_orders",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    # Negotiated still, or waiting for approval; or placed, and something of it is open again.
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("started_by", sa.Text, nullable=False),
    # The number of the last change; of the first hand-over, 0 before it.
    _count("revision"),
    _count("sent"),
    sa.Column("waiting_for", sa.Text, nullable=True),
    sa.Column("send_time", sa.DateTime(timezone=True), nullable=True),
    sa.Column("expire_date", sa.Date, nullable=True),
    sa.Column("expire_side", sa.Text, nullable=True),
    _flag("expired"),
    # Up to which change a side has looked.
    _count("seen_vendor"),
    _count("seen_customer"),
    sa.Column("header", JSONB, nullable=False),
    sa.Column("next_position", sa.Integer, nullable=False),
    # Of the terms of sale, by the customer's side.
    sa.Column("acceptance", JSONB, nullable=True),
    # Who of the customer's side agreed under spending control, and the limit then.
    sa.Column("spender", JSONB(none_as_null=True), nullable=True),
    sa.Column("obstacles", JSONB, nullable=False, server_default=sa.text("'[]'")),
    # What lists show.
    sa.Column("vendor_colour", sa.Text, nullable=False),
    sa.Column("customer_colour", sa.Text, nullable=False),
    _count("total"),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
    # Which attempt amends the placed order now.
    sa.Column("amending_attempt", sa.Uuid, nullable=True),
    sa.Column("amending_until", sa.DateTime(timezone=True), nullable=True),
    # When it is looked at again whether somebody has to finish what both agreed to.
    sa.Column("retry_time", sa.DateTime(timezone=True), nullable=True),
    # Since the last hand-over, and of this expire_date.
    _flag("reminded_waiting"),
    _flag("reminded_expiring"),
    sa.Index("ix_shared_orders_update_time", "update_time", "order_id", postgresql_where=_OPEN),
    sa.Index("ix_shared_orders_account", "account_id", "update_time", "order_id", postgresql_where=_OPEN),
    sa.Index(
        "ix_shared_orders_waiting", "send_time", postgresql_where=sa.text("open AND NOT reminded_waiting")
    ),
    sa.Index("ix_shared_orders_agreed", "update_time", postgresql_where=sa.text(AGREED)),
    sa.Index("ix_shared_orders_expiring", "expire_date", postgresql_where=sa.text("open AND NOT expired")),
)

shared_order_lines = sa.Table(
    "shared_order_lines",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("shared_orders.order_id"), primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("item", JSONB, nullable=False),
)

shared_order_changes = sa.Table(
    "shared_order_changes",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("shared_orders.order_id"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("side", sa.Text, nullable=True),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    # A line's id, "header" or "sheet".
    sa.Column("item", sa.Text, nullable=False),
    _text("field"),
    _text("from_value"),
    _text("to_value"),
    _text("text"),
    # The item after the last change that a command made to it.
    sa.Column("picture", JSONB, nullable=True),
    _flag("gone"),
    sa.Index("ix_shared_order_changes_item", "order_id", "item", "sequence"),
)
