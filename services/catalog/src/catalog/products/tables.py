"""Tables of products, variants and categories."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from catalog.database import metadata, text_column, time_column

VAT_CLASSES = ("STANDARD", "REDUCED", "BOOK", "ZERO")
STOCK_POLICIES = ("STOCKED", "BACKORDER", "UNMANAGED")


def _json(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, JSONB, nullable=False, server_default=sa.text(f"'{default}'"))


# `lineage` holds the ids from the root to the category itself; a category never moves.
categories = sa.Table(
    "categories",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("parent_id", sa.Uuid, sa.ForeignKey("categories.id"), nullable=True),
    _json("names", "{}"),
    text_column("path", unique=True),
    sa.Column("lineage", ARRAY(sa.Uuid), nullable=False),
    time_column(),
)
products = sa.Table(
    "products",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text_column("product_ref", nullable=True, unique=True),
    _json("names", "{}"),
    _json("descriptions", "{}"),
    text_column("brand", server_default=""),
    sa.Column("authors", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("category_ids", ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")),
    _json("characteristics", "[]"),
    sa.Column("picture_urls", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    text_column("vat_class", server_default="STANDARD"),
    text_column("publication_date", server_default=""),
    text_column("product_form", server_default=""),
    text_column("text_language_code", server_default=""),
    sa.Column("discontinued", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("1")),
    time_column(),
    time_column("update_time"),
    sa.CheckConstraint(sa.column("vat_class").in_(VAT_CLASSES), name="vat_class"),
)
# `no` is the short key that prices use: their no-overlap constraint needs numbers (see pricing.tables).
# `code` is the SKU as people type it: folded, without punctuation.
variants = sa.Table(
    "variants",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("no", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
    sa.Column("product_id", sa.Uuid, sa.ForeignKey("products.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    text_column("sku", unique=True),
    text_column("code"),
    text_column("gtin", nullable=True),
    text_column("isbn", nullable=True),
    _json("options", "[]"),
    sa.Column("weight_grams", sa.Integer, nullable=False, server_default=sa.text("0")),
    text_column("stock_policy", server_default="STOCKED"),
    sa.Column("discontinued", sa.Boolean, nullable=False, server_default=sa.false()),
    time_column(),
    sa.CheckConstraint(sa.column("stock_policy").in_(STOCK_POLICIES), name="stock_policy"),
    sa.CheckConstraint("no < 1099511627776", name="no_fits_price_key"),
    sa.Index("ix_variants_product_id", "product_id", "position"),
    sa.Index("ix_variants_code", "code"),
    sa.Index("ix_variants_gtin", "gtin", postgresql_where=sa.text("gtin IS NOT NULL")),
    sa.Index("ix_variants_isbn", "isbn", postgresql_where=sa.text("isbn IS NOT NULL")),
)
