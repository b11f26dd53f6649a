"""Versions of the terms; rows are never changed, the newest is in force."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from orders.schema import metadata

terms = sa.Table(
    "terms",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("texts", JSONB, nullable=False),
    # SHA-256 per language, hexadecimal.
    sa.Column("hashes", JSONB, nullable=False),
    sa.Column("publish_time", sa.DateTime(timezone=True), nullable=False, index=True),
)
