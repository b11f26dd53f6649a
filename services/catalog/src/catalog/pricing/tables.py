"""Tables of price lists, prices, list orders and discount rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint

from catalog.database import metadata, text_column, time_column

price_lists = sa.Table(
    "price_lists",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("no", sa.Integer, sa.Identity(always=True), nullable=False, unique=True),
    text_column("code", unique=True),
    text_column("display_name"),
    sa.Column("currency_code", sa.CHAR(3), nullable=False),
    sa.Column("tax_inclusive", sa.Boolean, nullable=False),
    text_column("default_use", server_default="NONE"),
    text_column("publisher_region_code", server_default=""),
    sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("1")),
    time_column(),
    sa.CheckConstraint(sa.column("default_use").in_(("NONE", "BUSINESS", "CONSUMER")), name="default_use"),
    sa.CheckConstraint("publisher_region_code = '' OR default_use = 'NONE'", name="publisher_use"),
    sa.CheckConstraint("no < 4194304", name="no_fits_price_key"),
)

# One row is one price with its whole ladder for [valid_from, valid_to). `set_valid_to` is the end as it was
# given, before a later price shortened it. A row with `supersede_time` is history: it was corrected from the
# same first day on; with `copy_of` it is what a shortened price said until then (see pricing.history).
#
# No overlap within a list: GiST has no equality for plain columns without the extension btree_gist, which not
# every PostgreSQL we run on has. So list and variant are one number, as a range of one element, and `&&` of
# such ranges is equality.
_KEY = "int8range((list_no::bigint << 40) | variant_no, (list_no::bigint << 40) | variant_no, '[]')"
_VALID = "daterange(valid_from, valid_to)"
prices = sa.Table(
    "prices",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("list_no", sa.Integer, sa.ForeignKey("price_lists.no"), nullable=False),
    sa.Column("variant_no", sa.BigInteger, sa.ForeignKey("variants.no"), nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=True),
    sa.Column("set_valid_to", sa.Date, nullable=True),
    sa.Column("min_quantities", ARRAY(sa.Integer), nullable=False),
    sa.Column("unit_prices", ARRAY(sa.Numeric(14, 4)), nullable=False),
    time_column(),
    time_column("supersede_time", nullable=True),
    sa.Column("copy_of", sa.Uuid, nullable=True),
    sa.CheckConstraint("valid_to > valid_from", name="validity"),
    sa.CheckConstraint(
        "min_quantities[1] = 1 AND cardinality(min_quantities) = cardinality(unit_prices)"
        " AND 0 <= ALL (unit_prices)",
        name="ladder",
    ),
    ExcludeConstraint(
        (sa.text(_KEY), "&&"),
        (sa.text(_VALID), "&&"),
        where=sa.text("supersede_time IS NULL"),
        using="gist",
        name="ex_prices_no_overlap",
    ),
    sa.Index("ix_prices_variant_no", "variant_no", "list_no", "valid_from"),
    sa.Index("ix_prices_list_no", "list_no", "id"),
)
price_list_orders = sa.Table(
    "price_list_orders",
    metadata,
    text_column("kind", primary_key=True),
    text_column("subject", primary_key=True),
    sa.Column("list_ids", ARRAY(sa.Uuid), nullable=False),
    time_column("update_time"),
    sa.CheckConstraint(sa.column("kind").in_(("ACCOUNT", "GROUP")), name="kind"),
)

# Rows are never changed but for the end of their validity.
discount_rows = sa.Table(
    "discount_rows",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=True),
    text_column("group_name", nullable=True),
    sa.Column("variant_id", sa.Uuid, sa.ForeignKey("variants.id"), nullable=True),
    sa.Column("product_id", sa.Uuid, sa.ForeignKey("products.id"), nullable=True),
    sa.Column("category_id", sa.Uuid, sa.ForeignKey("categories.id"), nullable=True),
    text_column("brand", nullable=True),
    sa.Column("min_quantity", sa.Integer, nullable=False),
    sa.Column("percent", sa.Numeric(7, 4), nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=True),
    time_column(),
    sa.CheckConstraint("num_nonnulls(account_id, group_name) <= 1", name="one_customer"),
    sa.CheckConstraint("num_nonnulls(variant_id, product_id, category_id, brand) <= 1", name="one_product"),
    sa.CheckConstraint("percent > 0 AND percent <= 100", name="percent"),
    sa.CheckConstraint("min_quantity >= 1", name="min_quantity"),
    sa.CheckConstraint("valid_to >= valid_from", name="validity"),
    sa.Index("ix_discount_rows_account_id", "account_id", "id"),
    sa.Index("ix_discount_rows_group_name", "group_name", "id"),
)

# What all processes may remember between requests (lists, group orders, grid, categories) is good for one
# value of `version`; whoever changes any of it writes a new one in the same transaction.
reference_version = sa.Table(
    "reference_version",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("version", sa.Uuid, nullable=False),
    sa.CheckConstraint("singleton", name="one_row"),
)
