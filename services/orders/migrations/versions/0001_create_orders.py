"""Orders with lines and history, shipping methods, terms; numbers by year."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis import tables

revision = "0001"
down_revision = None

# One sequence per year, made with the first order of the year. Numbers are what people see, no legal series: a refused
# placing may leave a gap. The advisory lock keeps two first placings of a year from making the sequence twice.
_NEXT_NUMBER = """
CREATE FUNCTION next_order_number(year integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    series text := 'order_number_' || year;
    drawn text;
BEGIN
    IF to_regclass(series) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('next_order_number'));
        EXECUTE format('CREATE SEQUENCE IF NOT EXISTS %I', series);
    END IF;
    drawn := nextval(series::regclass)::text;
    RETURN year || '-' || lpad(drawn, greatest(6, length(drawn)), '0');
END $$
"""
_REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are kept as they are', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON order_history FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER kept BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON terms FOR EACH ROW EXECUTE FUNCTION refuse_change()",
)


def upgrade() -> None:
    tables.create_chassis_tables(op)
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("payment_state", sa.Text(), nullable=False),
        sa.Column("fulfilment_state", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("cart", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("account_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("payer_account_id", sa.Uuid(), nullable=False),
        sa.Column("payer_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("rep_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("tax_inclusive", sa.Boolean(), nullable=False),
        sa.Column("order_reference", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("cost_centre", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("billing_address", JSONB, nullable=False),
        sa.Column("delivery_address", JSONB, nullable=False),
        sa.Column("contact_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("contact_email", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("contact_phone", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("shipping_method", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=True),
        sa.Column("payment_actor", sa.Text(), nullable=True),
        sa.Column("taken_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_delivery_date", sa.Date(), nullable=True),
        sa.Column("pricing_customer", JSONB, nullable=False),
        sa.Column("goods", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("discount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("shipping", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tax", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("net", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("weight_grams", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("taxes", JSONB, nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("next_position", sa.Integer(), nullable=False),
        sa.Column("terms_version", sa.Text(), nullable=True),
        sa.Column("terms_hash", sa.Text(), nullable=True),
        sa.Column("terms_accept_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("place_date", sa.Date(), nullable=True),
        sa.Column("placing_attempt", sa.Uuid(), nullable=True),
        sa.Column("placing_request", sa.Uuid(), nullable=True),
        sa.Column("placing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("create_fingerprint", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "payment_method IS DISTINCT FROM 'ELECTRONIC' OR (payment_actor <> 'REP' AND NOT (place_time IS NOT NULL AND (actor_kind = 'REP' OR channel = 'REP')))",
            name="ck_orders_no_electronic_payment_by_rep",
        ),
        sa.CheckConstraint("(number IS NULL) = (place_time IS NULL)", name="ck_orders_numbered_when_placed"),
        sa.CheckConstraint(
            "(payment_method IS NULL) = (payment_actor IS NULL)", name="ck_orders_payment_actor_known"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("number", name="uq_orders_number"),
    )
    op.create_index("ix_orders_account", "orders", ["account_id", "create_time", "id"], unique=False)
    op.create_index("ix_orders_create_time", "orders", ["create_time", "id"], unique=False)
    op.create_index(
        "ix_orders_owner",
        "orders",
        ["account_id", "owner_id", "create_time", "id"],
        unique=False,
        postgresql_where=sa.text("owner_kind = 'PERSON'"),
    )
    op.create_index(
        "ix_orders_place_date",
        "orders",
        ["place_date", "id"],
        unique=False,
        postgresql_where=sa.text("place_date IS NOT NULL"),
    )
    op.create_index(
        "ix_orders_rep",
        "orders",
        ["actor_id", "create_time", "id"],
        unique=False,
        postgresql_where=sa.text("actor_kind = 'REP'"),
    )
    op.create_index("ix_orders_state", "orders", ["state", "create_time", "id"], unique=False)
    op.create_index(
        "uq_orders_open_cart",
        "orders",
        ["account_id", "owner_kind", "owner_id"],
        unique=True,
        postgresql_where=sa.text("cart"),
    )
    op.create_table(
        "shipping_methods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", JSONB, nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("pick_up", sa.Boolean(), nullable=False),
        sa.Column("zones", JSONB, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("tax_inclusive", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shipping_methods"),
        sa.UniqueConstraint("code", name="uq_shipping_methods_code"),
    )
    op.create_table(
        "terms",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("texts", JSONB, nullable=False),
        sa.Column("hashes", JSONB, nullable=False),
        sa.Column("publish_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_terms"),
    )
    op.create_index("ix_terms_publish_time", "terms", ["publish_time"], unique=False)
    op.create_table(
        "order_history",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_history_order_id"),
        sa.PrimaryKeyConstraint("order_id", "sequence", name="pk_order_history"),
    )
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("line_reference", sa.Text(), nullable=False),
        sa.Column("cost_centre", sa.Text(), nullable=False),
        sa.Column("requested_delivery_date", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("budget_code", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("tax_inclusive", sa.Boolean(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("tax_category", sa.Text(), nullable=False),
        sa.Column("weight_grams", sa.Integer(), nullable=False),
        sa.Column("price", sa.LargeBinary(), nullable=False),
        sa.Column("availability", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_lines_order_id"),
        sa.PrimaryKeyConstraint("order_id", "id", name="pk_order_lines"),
    )
    for statement in (_NEXT_NUMBER, _REFUSE, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for table in ("order_history", "order_lines", "orders", "shipping_methods", "terms"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change")
    op.execute("DROP FUNCTION next_order_number")
    tables.drop_chassis_tables(op)
