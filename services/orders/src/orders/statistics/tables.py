"""Running figures of assisted orders, kept in the transactions that place and cancel them.

One row per day (`grain` D, `start_date` that local day) and one per month (`grain` M, its first day), so that a year is
read as months and not as days. Amounts in minor units of `currency`, tax included for orders, as the lines show it for
products. Rows whose counts came back to 0 stay and count for nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from orders.schema import metadata

community_figures = sa.Table(
    "community_figures",
    metadata,
    sa.Column("community_id", sa.Uuid, primary_key=True),
    sa.Column("grain", sa.CHAR(1), primary_key=True),
    sa.Column("start_date", sa.Date, primary_key=True),
    sa.Column("care_worker_id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, primary_key=True),
    sa.Column("currency", sa.CHAR(3), primary_key=True),
    sa.Column("order_count", sa.Integer, nullable=False),
    sa.Column("article_count", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
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
