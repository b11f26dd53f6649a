"""The table of legal caps."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint

from catalog.database import metadata, text_column, time_column
from catalog.legal_caps.domain import BUYER_CLASSES, CERTAINTIES

# Rules are never changed but for the end of their validity. `scope` spells out for what a rule is, and no two rules
# of one scope hold on one day. GiST has no equality of text without the extension btree_gist (see prices): its hash,
# as a range of one element, stands for it.
_KEY = "int8range(hashtextextended(scope, 0), hashtextextended(scope, 0), '[]')"
legal_caps = sa.Table(
    "legal_caps",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text_column("jurisdiction"),
    sa.Column("text_language_codes", ARRAY(sa.Text), nullable=False),
    sa.Column("product_forms", ARRAY(sa.Text), nullable=False),
    text_column("buyer_class"),
    sa.Column("months", sa.Integer, nullable=False),
    sa.Column("min_quantity", sa.Integer, nullable=False),
    sa.Column("max_discount_percent", sa.Numeric(7, 4), nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=True),
    text_column("source"),
    text_column("certainty"),
    text_column("note", server_default=""),
    text_column("scope"),
    time_column(),
    sa.CheckConstraint(sa.column("buyer_class").in_(BUYER_CLASSES), name="buyer_class"),
    sa.CheckConstraint(sa.column("certainty").in_(CERTAINTIES), name="certainty"),
    sa.CheckConstraint("months >= 0", name="months"),
    sa.CheckConstraint("min_quantity >= 1", name="min_quantity"),
    sa.CheckConstraint("max_discount_percent BETWEEN 0 AND 100", name="percent"),
    sa.CheckConstraint("valid_to >= valid_from", name="validity"),
    ExcludeConstraint(
        (sa.text(_KEY), "&&"),
        (sa.text("daterange(valid_from, valid_to)"), "&&"),
        using="gist",
        name="ex_legal_caps_no_overlap",
    ),
    sa.Index("ix_legal_caps_jurisdiction", "jurisdiction", sa.text("id DESC")),
)
