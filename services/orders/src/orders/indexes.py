"""The indexes of orders: what lists, figures, erasures and watchers look for."""

from __future__ import annotations

import sqlalchemy as sa

from orders.payments.tables import UNPAID

# What lists filter and sort by beside the column of an index, so that they need not read the orders themselves.
_LISTED = ("state", "place_date", "place_time", "total")


def _newest(name: str, column: str, where: str | None = None, more: tuple[str, ...] = ()) -> sa.Index:
    """The newest with this value, among the few orders that have one."""
    return sa.Index(
        f"ix_orders_{name}",
        column,
        "create_time",
        "id",
        postgresql_where=None if where is None else sa.text(where),
        postgresql_include=[*(each for each in _LISTED if each != column), *more],
    )


def _of_many(name: str, column: str, where: str, sort: str) -> sa.Index:
    """In another order than of age, for those who may have very many orders; others have few rows in it, or none."""
    return sa.Index(
        f"ix_orders_{name}_{sort}",
        column,
        sort,
        "id",
        postgresql_where=sa.text(where),
        postgresql_include=["state", "place_date"],
    )


INDEXES = (
    sa.Index(
        "uq_orders_open_cart",
        "account_id",
        "owner_kind",
        "owner_id",
        "assisted_session",
        unique=True,
        postgresql_where=sa.text("cart"),
    ),
    _newest("account", "account_id", more=("payer_account_id",)),
    sa.Index(
        "ix_orders_owner",
        "account_id",
        "owner_id",
        "create_time",
        "id",
        postgresql_where=sa.text("owner_kind = 'PERSON'"),
    ),
    sa.Index("ix_orders_create_time", "create_time", "id"),
    _newest("state", "state"),
    _newest("actor", "actor_id", more=("actor_kind",)),
    _newest("community", "community_id", "community_id IS NOT NULL"),
    _newest("client", "client_external_id", "client_external_id <> ''"),
    _newest("payer", "payer_account_id", "payer_account_id <> account_id"),
    _of_many("community", "community_id", "community_id IS NOT NULL", "total"),
    _of_many("community", "community_id", "community_id IS NOT NULL", "place_time"),
    _of_many("payer", "payer_account_id", "payer_account_id <> account_id", "total"),
    _of_many("payer", "payer_account_id", "payer_account_id <> account_id", "place_time"),
    sa.Index("ix_orders_account_search", "account_search"),
    sa.Index(
        "ix_orders_reference_search", "reference_search", postgresql_where=sa.text("reference_search <> ''")
    ),
    sa.Index("ix_orders_unpaid", "place_time", postgresql_where=sa.text(UNPAID)),
    sa.Index("ix_orders_waiting", "account_id", "id", postgresql_where=sa.text("state = 'PENDING_APPROVAL'")),
    sa.Index(
        "ix_orders_erasure_ids",
        "erasure_ids",
        postgresql_using="gin",
        postgresql_where=sa.text("erasure_ids <> '{}'"),
    ),
    sa.Index(
        "ix_orders_retention_date", "retention_date", postgresql_where=sa.text("retention_date IS NOT NULL")
    ),
    sa.Index(
        "ix_orders_place_date",
        "place_date",
        "create_time",
        "id",
        postgresql_where=sa.text("place_date IS NOT NULL"),
        postgresql_include=["state", "total"],
    ),
    sa.Index(
        "ix_orders_place_time",
        "place_time",
        "id",
        postgresql_where=sa.text("place_time IS NOT NULL"),
        postgresql_include=["state", "place_date"],
    ),
    sa.Index("ix_orders_total", "total", "id", postgresql_include=["state", "place_date"]),
    # A representative's own orders of a period, with what their figures are made of.
    sa.Index(
        "ix_orders_representative",
        "actor_id",
        "place_date",
        postgresql_where=sa.text("actor_kind = 'REP' AND place_date IS NOT NULL"),
        postgresql_include=["id", "account_id", "state", "currency", "total"],
    ),
)
