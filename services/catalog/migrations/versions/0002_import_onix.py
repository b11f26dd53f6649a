"""ONIX: what is known of records, the mapping of prices and subjects; imports from an address."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = ("onix_mapping", "onix_subject_rules", "onix_price_rules", "onix_records")


def upgrade() -> None:
    op.create_table(
        "onix_records",
        sa.Column("record_ref", sa.Text, nullable=False),
        sa.Column("variant_id", sa.Uuid, sa.ForeignKey("variants.id"), nullable=False),
        sa.Column("publishing_status", sa.Text, nullable=False, server_default=""),
        sa.Column("availability", sa.Text, nullable=False, server_default=""),
        sa.Column("withdrawn", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("record_ref", name="pk_onix_records"),
    )
    op.create_index("ix_onix_records_variant_id", "onix_records", ["variant_id", "record_ref"])
    op.create_table(
        "onix_price_rules",
        sa.Column("price_type", sa.Text, nullable=False),
        sa.Column("qualifier", sa.Text, nullable=False, server_default=""),
        sa.Column("currency_code", sa.Text, nullable=False),
        sa.Column("region_code", sa.Text, nullable=False),
        sa.Column("price_list_id", sa.Uuid, sa.ForeignKey("price_lists.id"), nullable=False),
        sa.PrimaryKeyConstraint(
            "price_type", "qualifier", "currency_code", "region_code", name="pk_onix_price_rules"
        ),
    )
    op.create_table(
        "onix_subject_rules",
        sa.Column("scheme", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("category_id", sa.Uuid, sa.ForeignKey("categories.id"), nullable=False),
        sa.PrimaryKeyConstraint("scheme", "code", name="pk_onix_subject_rules"),
    )
    op.create_index(
        "ix_onix_subject_rules_category_id", "onix_subject_rules", ["category_id", "scheme", "code"]
    )
    op.create_table(
        "onix_mapping",
        sa.Column("singleton", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("singleton", name="pk_onix_mapping"),
        sa.CheckConstraint("singleton", name="ck_onix_mapping_one_row"),
    )
    op.add_column("imports", sa.Column("source_address", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("imports", "source_address")
    for table in TABLES:
        op.drop_table(table)
