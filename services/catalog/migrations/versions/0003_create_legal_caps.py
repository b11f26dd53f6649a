"""Legal caps: fixed book prices as effective-dated data; the first rules are in the JSON file of the same name."""

import datetime
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint

from chassis.ids import new_id

revision = "0003"
down_revision = "0002"

CLASSES = ("CONSUMER", "BUSINESS", "PUBLIC_LIBRARY", "EDUCATION")
KEY = "int8range(hashtextextended(scope, 0), hashtextextended(scope, 0), '[]')"


def upgrade() -> None:
    op.add_column(
        "price_lists", sa.Column("publisher_region_code", sa.Text, nullable=False, server_default="")
    )
    op.create_check_constraint(
        op.f("ck_price_lists_publisher_use"),
        "price_lists",
        "publisher_region_code = '' OR default_use = 'NONE'",
    )
    table = op.create_table(
        "legal_caps",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("text_language_codes", ARRAY(sa.Text), nullable=False),
        sa.Column("product_forms", ARRAY(sa.Text), nullable=False),
        sa.Column("buyer_class", sa.Text, nullable=False),
        sa.Column("months", sa.Integer, nullable=False),
        sa.Column("min_quantity", sa.Integer, nullable=False),
        sa.Column("max_discount_percent", sa.Numeric(7, 4), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, nullable=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("certainty", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_legal_caps"),
        sa.CheckConstraint(sa.column("buyer_class").in_(CLASSES), name=op.f("ck_legal_caps_buyer_class")),
        sa.CheckConstraint(
            sa.column("certainty").in_(("LAW", "OFFICIAL", "SECONDARY")), name=op.f("ck_legal_caps_certainty")
        ),
        sa.CheckConstraint("months >= 0", name=op.f("ck_legal_caps_months")),
        sa.CheckConstraint("min_quantity >= 1", name=op.f("ck_legal_caps_min_quantity")),
        sa.CheckConstraint("max_discount_percent BETWEEN 0 AND 100", name=op.f("ck_legal_caps_percent")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_legal_caps_validity")),
        ExcludeConstraint(
            (sa.text(KEY), "&&"),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_legal_caps_no_overlap",
        ),
    )
    op.create_index("ix_legal_caps_jurisdiction", "legal_caps", ["jurisdiction", sa.text("id DESC")])
    op.bulk_insert(table, list(_first_rules()))
    op.execute(
        sa.text(
            "INSERT INTO reference_version (version) VALUES (:version)"
            " ON CONFLICT (singleton) DO UPDATE SET version = excluded.version"
        ).bindparams(sa.bindparam("version", new_id(), type_=sa.Uuid))
    )


def _first_rules() -> Iterator[dict[str, Any]]:
    for law in json.loads(Path(__file__).with_suffix(".json").read_text())["laws"]:
        for cap in law["caps"]:
            rule = (
                {"text_language_codes": [], "product_forms": [], "min_quantity": 1, "valid_to": None}
                | law
                | cap
            )
            del rule["caps"]
            scope = (rule["jurisdiction"], rule["buyer_class"], ",".join(rule["text_language_codes"]),
                     ",".join(rule["product_forms"]), str(rule["min_quantity"]))  # fmt: skip
            yield rule | {
                "id": new_id(),
                "max_discount_percent": Decimal(rule["max_discount_percent"]),
                "valid_from": datetime.date.fromisoformat(rule["valid_from"]),
                "valid_to": datetime.date.fromisoformat(rule["valid_to"]) if rule["valid_to"] else None,
                "scope": "|".join(scope),
            }


def downgrade() -> None:
    op.drop_table("legal_caps")
    op.drop_constraint(op.f("ck_price_lists_publisher_use"), "price_lists")
    op.drop_column("price_lists", "publisher_region_code")
