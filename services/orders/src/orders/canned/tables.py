"""Canned texts by language."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from orders.schema import metadata

canned_messages = sa.Table(
    "canned_messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # The name as it is compared and sorted: folded, by code point.
    sa.Column("name_key", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("texts", JSONB, nullable=False),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
)
