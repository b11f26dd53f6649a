"""Assisted orders, their statistics, spending control, and what lists filter by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BIT, JSONB

revision = "0002"
down_revision = "0001"

_EMPTY = sa.text("''")
_NEWEST = ["create_time", "id"]
# As orders.domain.folding does it for new rows, as near as SQL gets.
_FOLD = """
UPDATE orders SET
    account_search = left(lower(regexp_replace(normalize(account_name, NFKD), '[\\u0300-\\u036f]', '', 'g')), 80),
    reference_search = left(lower(regexp_replace(normalize(order_reference, NFKD), '[\\u0300-\\u036f]', '', 'g')), 80)
"""


def _columns() -> list[sa.Column]:
    return [
        sa.Column("platform_id", sa.Uuid(), nullable=True),
        sa.Column("community_id", sa.Uuid(), nullable=True),
        *(
            sa.Column(name, sa.Text(), server_default=_EMPTY, nullable=False)
            for name in (
                *("community_external_id", "community_name", "care_worker_subject"),
                *("client_external_id", "assisted_session"),
            )
        ),
        sa.Column("approval", JSONB, nullable=True),
        *(
            sa.Column(name, sa.Text(collation="C"), server_default=_EMPTY, nullable=False)
            for name in ("account_search", "reference_search")
        ),
    ]


def upgrade() -> None:
    for column in _columns():
        op.add_column("orders", column)
    op.execute(_FOLD)
    op.execute('ALTER TABLE orders ALTER COLUMN number TYPE text COLLATE "C"')
    op.create_check_constraint(
        op.f("ck_orders_assisted_in_a_community"),
        "orders",
        "(channel = 'ASSISTED') = (community_id IS NOT NULL) AND (community_id IS NULL) = (platform_id IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_orders_residence_pays_monthly"),
        "orders",
        "place_time IS NULL OR payment_method IS DISTINCT FROM 'MONTHLY_RESIDENCE' OR payer_account_id <> account_id",
    )
    op.create_check_constraint(
        op.f("ck_orders_approval_known"), "orders", "state <> 'PENDING_APPROVAL' OR approval IS NOT NULL"
    )
    _indexes()
    _statistics()


def _indexes() -> None:
    op.drop_index("uq_orders_open_cart", "orders")
    op.create_index(
        "uq_orders_open_cart",
        "orders",
        ["account_id", "owner_kind", "owner_id", "assisted_session"],
        unique=True,
        postgresql_where=sa.text("cart"),
    )
    op.drop_index("ix_orders_rep", "orders")
    op.create_index("ix_orders_actor", "orders", ["actor_id", *_NEWEST])
    for name, columns, where in (
        ("community", ["community_id", *_NEWEST], "community_id IS NOT NULL"),
        ("client", ["client_external_id", *_NEWEST], "client_external_id <> ''"),
        ("payer", ["payer_account_id", *_NEWEST], "payer_account_id <> account_id"),
        ("reference_search", ["reference_search"], "reference_search <> ''"),
        ("waiting", ["account_id", "id"], "state = 'PENDING_APPROVAL'"),
    ):
        op.create_index(f"ix_orders_{name}", "orders", columns, postgresql_where=sa.text(where))
    op.create_index("ix_orders_account_search", "orders", ["account_search"])


def _statistics() -> None:
    op.create_table(
        "community_figures",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("grain", sa.CHAR(length=1), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("care_worker_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.Column("article_count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("community_id", "grain", "start_date", "care_worker_id", "currency"),
            name="pk_community_figures",
        ),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "community_clients",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("care_worker_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("days", BIT(366), nullable=False),
        sa.PrimaryKeyConstraint(
            *("community_id", "year", "care_worker_id", "account_id"), name="pk_community_clients"
        ),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "community_products",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("grain", sa.CHAR(length=1), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("article_count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("community_id", "grain", "start_date", "product_id", "currency"), name="pk_community_products"
        ),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "care_workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_care_workers"),
    )
    op.create_table(
        "community_product_names",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("community_id", "product_id", name="pk_community_product_names"),
    )


def downgrade() -> None:
    for table in ("product_names", "products", "clients", "figures"):
        op.drop_table(f"community_{table}")
    op.drop_table("care_workers")
    for name in ("actor", "community", "client", "payer", "reference_search", "waiting", "account_search"):
        op.drop_index(f"ix_orders_{name}", "orders")
    op.create_index(
        "ix_orders_rep", "orders", ["actor_id", *_NEWEST], postgresql_where=sa.text("actor_kind = 'REP'")
    )
    op.drop_index("uq_orders_open_cart", "orders")
    op.create_index(
        "uq_orders_open_cart",
        "orders",
        ["account_id", "owner_kind", "owner_id"],
        unique=True,
        postgresql_where=sa.text("cart"),
    )
    for constraint in ("approval_known", "residence_pays_monthly", "assisted_in_a_community"):
        op.drop_constraint(op.f(f"ck_orders_{constraint}"), "orders")
    op.execute("ALTER TABLE orders ALTER COLUMN number TYPE text")
    for column in _columns():
        op.drop_column("orders", column.name)
