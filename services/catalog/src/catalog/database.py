"""The metadata of all tables of this service, which the migrations are compared with."""

from __future__ import annotations

import datetime
from typing import Any

import sqlalchemy as sa

from chassis import db, tables

metadata = db.metadata()
chassis_tables = tables.define(metadata)


def time_column(name: str = "create_time", *, nullable: bool = False) -> sa.Column[datetime.datetime]:
    """An instant; set by the database when the row is inserted, unless it may be absent."""
    default = None if nullable else sa.func.now()
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def text_column(name: str, *, nullable: bool = False, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable, **options)


def complete() -> sa.MetaData:
    """The metadata with the tables of every capability loaded into it."""
    from catalog.imports import tables as _imports
    from catalog.legal_caps import tables as _legal_caps
    from catalog.onix import tables as _onix
    from catalog.pricing import tables as _pricing
    from catalog.products import tables as _products
    from catalog.reservations import tables as _reservations
    from catalog.search import tables as _search
    from catalog.selections import tables as _selections
    from catalog.stock import tables as _stock

    assert all(
        (_imports, _legal_caps, _onix, _pricing, _products, _reservations, _search, _selections, _stock)
    )
    return metadata
