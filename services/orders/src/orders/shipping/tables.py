"""Shipping methods; zones with their bands as one document, since they are only ever read and replaced together."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from orders.schema import metadata

shipping_methods = sa.Table(
    "shipping_methods",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", JSONB, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("pick_up", sa.Boolean, nullable=False),
    sa.Column("zones", JSONB, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("tax_inclusive", sa.Boolean, nullable=False),
    sa.Column("pick_up_region_code", sa.Text, nullable=False, server_default=""),
    sa.Column("pick_up_postal_code", sa.Text, nullable=False, server_default=""),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
)
