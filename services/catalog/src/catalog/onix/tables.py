"""Tables of what is known of ONIX records, and of the mapping of prices and subjects."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.database import metadata, text_column, time_column

# One row per record reference. Status and availability are the latest that were sent, for a block update may
# bring only one of them; `withdrawn` is what they and deletions came to, so that a book which staff discontinued
# by hand does not come back with the next message.
onix_records = sa.Table(
    "onix_records",
    metadata,
    text_column("record_ref", primary_key=True),
    sa.Column("variant_id", sa.Uuid, sa.ForeignKey("variants.id"), nullable=False),
    text_column("publishing_status", server_default=""),
    text_column("availability", server_default=""),
    sa.Column("withdrawn", sa.Boolean, nullable=False, server_default=sa.false()),
    time_column("update_time"),
    sa.Index("ix_onix_records_variant_id", "variant_id", "record_ref"),
)
# Prices of this type, qualifier (list 59, empty: none), currency and country go to this list.
onix_price_rules = sa.Table(
    "onix_price_rules",
    metadata,
    text_column("price_type", primary_key=True),
    text_column("qualifier", primary_key=True, server_default=""),
    text_column("currency_code", primary_key=True),
    text_column("region_code", primary_key=True),
    sa.Column("price_list_id", sa.Uuid, sa.ForeignKey("price_lists.id"), nullable=False),
)
# Subjects of this scheme (list 27) whose code begins so belong to this category; the longest beginning wins.
onix_subject_rules = sa.Table(
    "onix_subject_rules",
    metadata,
    text_column("scheme", primary_key=True),
    text_column("code", primary_key=True),
    sa.Column("category_id", sa.Uuid, sa.ForeignKey("categories.id"), nullable=False),
    sa.Index("ix_onix_subject_rules_category_id", "category_id", "scheme", "code"),
)
# The version of the whole mapping, for its entity tag.
onix_mapping = sa.Table(
    "onix_mapping",
    metadata,
    sa.Column("singleton", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.CheckConstraint("singleton", name="one_row"),
)
