"""Tables of selections and their entries."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from catalog.database import metadata, text_column, time_column
from catalog.selections.domain import WISE_CATEGORIES

_CATEGORIES = ("", *WISE_CATEGORIES)


def _texts(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB, nullable=False, server_default=sa.text("'{}'"))


# A customer reads few of many: those of the day are found by the range, those of an audience by the arrays. An
# erased account is taken out of `account_ids` (see privacy.holdings).
selections = sa.Table(
    "selections",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _texts("titles"),
    _texts("texts"),
    text_column("wise_category", server_default=""),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=True),
    sa.Column("visible_to_all", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("groups", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("account_ids", ARRAY(sa.Uuid), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("entry_count", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("version", sa.BigInteger, nullable=False, server_default=sa.text("1")),
    time_column(),
    time_column("update_time"),
    sa.CheckConstraint(sa.column("wise_category").in_(_CATEGORIES), name="wise_category"),
    sa.CheckConstraint("valid_to > valid_from", name="validity"),
    sa.Index("ix_selections_validity", sa.text("daterange(valid_from, valid_to)"), postgresql_using="gist"),
    sa.Index("ix_selections_groups", "groups", postgresql_using="gin"),
    sa.Index("ix_selections_account_ids", "account_ids", postgresql_using="gin"),
)
# Positions count from 1 without gaps: a set is always written as a whole.
selection_entries = sa.Table(
    "selection_entries",
    metadata,
    sa.Column("selection_id", sa.Uuid, sa.ForeignKey("selections.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("variant_id", sa.Uuid, sa.ForeignKey("variants.id"), nullable=False),
    text_column("wise_category", server_default=""),
    sa.UniqueConstraint("selection_id", "variant_id"),
    sa.CheckConstraint(sa.column("wise_category").in_(_CATEGORIES), name="wise_category"),
    sa.CheckConstraint("position >= 1", name="position"),
)
