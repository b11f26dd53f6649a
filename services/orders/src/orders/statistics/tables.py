"""Running figures of assisted orders, kept in the transactions that place and cancel them.

One row per day (`grain` D, `start_date` that local day) and one per month (`grain` M, its first day), so that a year is
read as months and not as days. Amounts in minor units of `currency`, tax included for orders, as the lines show it for
products. Rows whose counts came back to 0 stay and count for nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BIT

from orders.schema import metadata

DAYS = 366
# Room in each page, so that a new version of a row stays beside the old one and no index has to know.
_OFTEN_CHANGED = {"fillfactor": "70"}

community_figures = sa.Table(
    "community_figures",
    metadata,
    sa.Column("community_id", sa.Uuid, primary_key=True),
    sa.Column("grain", sa.CHAR(1), primary_key=True),
    sa.Column("start_date", sa.Date, primary_key=True),
    sa.Column("care_worker_id", sa.Uuid, primary_key=True),
    sa.Column("currency", sa.CHAR(3), primary_key=True),
    sa.Column("order_count", sa.Integer, nullable=False),
    sa.Column("article_count", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    postgresql_with=_OFTEN_CHANGED,
)
# On which days of a year a care worker ordered for a client: counts of clients cannot be added up over days. Bit n is
# day n + 1 of the year.
community_clients = sa.Table(
    "community_clients",
    metadata,
    sa.Column("community_id", sa.Uuid, primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("care_worker_id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, primary_key=True),
    sa.Column("days", BIT(DAYS), nullable=False),
    postgresql_with=_OFTEN_CHANGED,
)
community_products = sa.Table(
    "community_products",
    metadata,
    sa.Column("community_id", sa.Uuid, primary_key=True),
    sa.Column("grain", sa.CHAR(1), primary_key=True),
    sa.Column("start_date", sa.Date, primary_key=True),
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("currency", sa.CHAR(3), primary_key=True),
    sa.Column("article_count", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    postgresql_with=_OFTEN_CHANGED,
)
# The platform's own subject of each care worker, and what products were called last.
care_workers = sa.Table(
    "care_workers",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("subject", sa.Text, nullable=False),
)
community_product_names = sa.Table(
    "community_product_names",
    metadata,
    sa.Column("community_id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("description", sa.Text, nullable=False),
)
