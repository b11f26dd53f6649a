"""Payments, refunds and payment links; online payment is chosen and placed by the customer's side alone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_EMPTY = sa.text("''")
_FALSE = sa.text("false")
# As the first migration called it.
_FIRST = op.f("ck_orders_ck_orders_no_electronic_payment_by_rep")
_BY_CUSTOMER = (
    "payment_method IS DISTINCT FROM 'ELECTRONIC' OR (payment_actor NOT IN ('REP', 'STAFF')"
    " AND NOT (place_time IS NOT NULL AND (actor_kind IN ('REP', 'STAFF') OR channel = 'REP')))"
)
_NOT_BY_REP = (
    "payment_method IS DISTINCT FROM 'ELECTRONIC' OR (payment_actor <> 'REP'"
    " AND NOT (place_time IS NOT NULL AND (actor_kind = 'REP' OR channel = 'REP')))"
)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("checkout_address", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("return_address", sa.Text(), nullable=False),
        sa.Column("to_cancel", sa.Boolean(), server_default=_FALSE, nullable=False),
        _moment("create_time"),
        _moment("update_time"),
        _moment("expire_time", nullable=True),
        _moment("check_time", nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_payments_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
    )
    op.create_index("ix_payments_order_id", "payments", ["order_id", "id"])
    for name, columns, unique, where in (
        ("uq_payments_under_way", ["order_id"], True, "state IN ('OPEN', 'PENDING', 'AUTHORIZED')"),
        ("uq_payments_provider_id", ["provider", "provider_id"], True, "provider_id <> ''"),
        ("ix_payments_check_time", ["check_time"], False, "check_time IS NOT NULL"),
    ):
        op.create_index(name, "payments", columns, unique=unique, postgresql_where=sa.text(where))


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("automatic", sa.Boolean(), server_default=_FALSE, nullable=False),
        sa.Column("provider_id", sa.Text(), server_default=_EMPTY, nullable=False),
        _moment("create_time"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name="fk_refunds_payment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_refunds"),
    )
    op.create_index("ix_refunds_payment_id", "refunds", ["payment_id", "id"])
    for name, columns, where in (
        ("uq_refunds_automatic", ["payment_id"], "automatic"),
        ("uq_refunds_provider_id", ["payment_id", "provider_id"], "provider_id <> ''"),
    ):
        op.create_index(name, "refunds", columns, unique=True, postgresql_where=sa.text(where))


def _links() -> None:
    op.create_table(
        "payment_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        _moment("create_time"),
        _moment("expire_time"),
        _moment("end_time", nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_payment_links_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_links"),
    )
    op.create_index(
        "uq_payment_links_open",
        "payment_links",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("end_time IS NULL"),
    )
    op.create_table(
        "payment_link_tokens",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["payment_links.id"], name="fk_payment_link_tokens_link_id"),
        sa.PrimaryKeyConstraint("hash", name="pk_payment_link_tokens"),
    )
    op.create_index("ix_payment_link_tokens_link_id", "payment_link_tokens", ["link_id"])


def _placed_before() -> str:
    """The version before let staff choose and place with an online payment. A sheet forgets that choice; an order that
    was placed so stays what it is, and is exempt however often it is written."""
    op.execute(
        "UPDATE orders SET payment_method = NULL, payment_actor = NULL, version = version + 1"
        " WHERE payment_method = 'ELECTRONIC' AND payment_actor = 'STAFF' AND place_time IS NULL"
    )
    newest = sa.select(sa.func.max(sa.column("place_time"))).select_from(sa.table("orders"))
    last = op.get_bind().scalar(newest.where(sa.text(f"NOT ({_BY_CUSTOMER})")))
    return "" if last is None else f" OR place_time IS NOT NULL AND place_time <= '{last.isoformat()}'"


def upgrade() -> None:
    _payments()
    _refunds()
    _links()
    op.drop_constraint(_FIRST, "orders", type_="check")
    op.create_check_constraint(
        op.f("ck_orders_electronic_payment_by_customer"), "orders", _BY_CUSTOMER + _placed_before()
    )
    op.create_index(
        "ix_orders_unpaid",
        "orders",
        ["place_time"],
        postgresql_where=sa.text(
            "payment_method = 'ELECTRONIC' AND payment_state = 'OPEN' AND state = 'PLACED'"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_orders_unpaid", "orders")
    op.drop_constraint(op.f("ck_orders_electronic_payment_by_customer"), "orders", type_="check")
    op.create_check_constraint(_FIRST, "orders", _NOT_BY_REP)
    for table in ("payment_link_tokens", "payment_links", "refunds", "payments"):
        op.drop_table(table)
