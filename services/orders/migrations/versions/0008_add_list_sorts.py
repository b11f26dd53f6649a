"""Orders are listed in every documented order, and read by representative."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_NEWEST = ["create_time", "id"]
_LISTED = ["state", "place_date", "place_time", "total"]
# Name: column, condition, what else an index brings along now.
_FILTERS: dict[str, tuple[str, str | None, list[str]]] = {
    "account": ("account_id", None, [*_LISTED, "payer_account_id"]),
    "state": ("state", None, _LISTED[1:]),
    "actor": ("actor_id", None, [*_LISTED, "actor_kind"]),
    "community": ("community_id", "community_id IS NOT NULL", _LISTED),
    "client": ("client_external_id", "client_external_id <> ''", _LISTED),
    "payer": ("payer_account_id", "payer_account_id <> account_id", _LISTED),
}
# Who may have very many orders.
_OF_MANY = [(name, sort) for name in ("community", "payer") for sort in ("total", "place_time")]
_PLACED = sa.text("place_date IS NOT NULL")


def upgrade() -> None:
    for name, (column, where, listed) in _FILTERS.items():
        _replace(name, column, where, listed)
    for name, sort in _OF_MANY:
        column, where, _ = _FILTERS[name]
        op.create_index(
            f"ix_orders_{name}_{sort}",
            "orders",
            [column, sort, "id"],
            postgresql_where=sa.text(where or ""),
            postgresql_include=["state", "place_date"],
        )
    op.drop_index("ix_orders_place_date", "orders")
    op.create_index(
        "ix_orders_place_date",
        "orders",
        ["place_date", *_NEWEST],
        postgresql_where=_PLACED,
        postgresql_include=["state", "total"],
    )
    op.create_index(
        "ix_orders_place_time",
        "orders",
        ["place_time", "id"],
        postgresql_where=sa.text("place_time IS NOT NULL"),
        postgresql_include=["state", "place_date"],
    )
    op.create_index("ix_orders_total", "orders", ["total", "id"], postgresql_include=["state", "place_date"])
    op.create_index(
        "ix_orders_representative",
        "orders",
        ["actor_id", "place_date"],
        postgresql_where=sa.text("actor_kind = 'REP' AND place_date IS NOT NULL"),
        postgresql_include=["id", "account_id", "state", "currency", "total"],
    )


def downgrade() -> None:
    of_many = [f"{name}_{sort}" for name, sort in _OF_MANY]
    for name in (*of_many, "representative", "total", "place_time", "place_date"):
        op.drop_index(f"ix_orders_{name}", "orders")
    op.create_index("ix_orders_place_date", "orders", ["place_date", "id"], postgresql_where=_PLACED)
    for name, (column, where, _) in _FILTERS.items():
        _replace(name, column, where, None)


def _replace(name: str, column: str, where: str | None, listed: list[str] | None) -> None:
    op.drop_index(f"ix_orders_{name}", "orders")
    op.create_index(
        f"ix_orders_{name}",
        "orders",
        [column, *_NEWEST],
        postgresql_where=None if where is None else sa.text(where),
        postgresql_include=listed,
    )
