"""Selections: titles that staff put together for customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004"
down_revision = "0003"

CATEGORY = "wise_category IN ('', 'ADULT_FICTION', 'ADULT_NON_FICTION', 'YOUTH_FICTION', 'YOUTH_NON_FICTION')"
NOW, EMPTY, NO_TEXT = sa.func.now(), sa.text("'{}'"), ""


def upgrade() -> None:
    op.create_table(
        "selections",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("titles", JSONB, nullable=False, server_default=EMPTY),
        sa.Column("texts", JSONB, nullable=False, server_default=EMPTY),
        sa.Column("wise_category", sa.Text, nullable=False, server_default=NO_TEXT),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, nullable=True),
        sa.Column("visible_to_all", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("groups", ARRAY(sa.Text), nullable=False, server_default=EMPTY),
        sa.Column("account_ids", ARRAY(sa.Uuid), nullable=False, server_default=EMPTY),
        sa.Column("entry_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("1")),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("id", name="pk_selections"),
        sa.CheckConstraint(CATEGORY, name=op.f("ck_selections_wise_category")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_selections_validity")),
    )
    op.create_index(
        "ix_selections_validity",
        "selections",
        [sa.text("daterange(valid_from, valid_to)")],
        postgresql_using="gist",
    )
    op.create_index("ix_selections_groups", "selections", ["groups"], postgresql_using="gin")
    op.create_index("ix_selections_account_ids", "selections", ["account_ids"], postgresql_using="gin")
    op.create_table(
        "selection_entries",
        sa.Column("selection_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("variant_id", sa.Uuid, nullable=False),
        sa.Column("wise_category", sa.Text, nullable=False, server_default=NO_TEXT),
        sa.PrimaryKeyConstraint("selection_id", "position", name="pk_selection_entries"),
        sa.UniqueConstraint(
            "selection_id", "variant_id", name="uq_selection_entries_selection_id_variant_id"
        ),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selections.id"], name="fk_selection_entries_selection_id"
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name="fk_selection_entries_variant_id"),
        sa.CheckConstraint(CATEGORY, name=op.f("ck_selection_entries_wise_category")),
        sa.CheckConstraint("position >= 1", name=op.f("ck_selection_entries_position")),
    )


def downgrade() -> None:
    op.drop_table("selection_entries")
    op.drop_table("selections")
