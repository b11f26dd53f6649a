"""Tables of the search index: one document per product that can be sold."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from catalog.database import metadata, text_column

LANGUAGES = ("en", "fr", "it", "nl")

# `terms` weights: A name and identifiers, B author and brand, C characteristics and categories. `facet_ids`
# are interned in facet_values. `name_*` are folded names to sort by; `newest` is a day number, newest greatest.
search_documents = sa.Table(
    "search_documents",
    metadata,
    sa.Column("product_id", sa.Uuid, sa.ForeignKey("products.id"), primary_key=True),
    sa.Column("terms", TSVECTOR, nullable=False),
    sa.Column("facet_ids", ARRAY(sa.Integer), nullable=False),
    *(sa.Column(f"name_{language}", sa.Text(collation="C"), nullable=False) for language in LANGUAGES),
    sa.Column("newest", sa.Integer, nullable=False),
    sa.Column("in_stock", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_search_documents_terms", "terms", postgresql_using="gin"),
    sa.Index("ix_search_documents_facet_ids", "facet_ids", postgresql_using="gin"),
    *(
        sa.Index(f"ix_search_documents_name_{language}", f"name_{language}", "product_id")
        for language in LANGUAGES
    ),
    sa.Index("ix_search_documents_newest", "newest", "product_id"),
)
# The facets of each variant with those of its product, for filters that one variant must pass together.
search_variants = sa.Table(
    "search_variants",
    metadata,
    sa.Column("variant_id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, sa.ForeignKey("search_documents.product_id"), nullable=False),
    sa.Column("facet_ids", ARRAY(sa.Integer), nullable=False),
    sa.Index("ix_search_variants_product_id", "product_id"),
)
# `name_key` is `category`, `brand` or `x:` and the folded name of a characteristic or option; `value_key` the id
# of the category or the folded value, so that spellings of one value count together.
facet_values = sa.Table(
    "facet_values",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
    text_column("name_key"),
    text_column("value_key"),
    text_column("name"),
    text_column("value"),
    sa.UniqueConstraint("name_key", "value_key"),
)
# The lowest price at quantity 1 of a product in a list, to sort by; refreshed when prices change or a
# validity begins or ends.
search_prices = sa.Table(
    "search_prices",
    metadata,
    sa.Column("list_no", sa.Integer, primary_key=True),
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("amount", sa.Numeric(14, 4), nullable=False),
    sa.Index("ix_search_prices_amount", "list_no", "amount", "product_id"),
)
# Products whose stock crossed zero, waiting for `in_stock` to be refreshed.
search_stale = sa.Table(
    "search_stale",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("variant_id", sa.Uuid, nullable=False),
)
