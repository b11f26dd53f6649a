"""The declarative base of all models of this service, and the metadata that migrations are compared with."""

from __future__ import annotations

import datetime
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import db, tables

AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]


class Base(DeclarativeBase):
    metadata = db.metadata()
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it from the class
        str: sa.Text,
        datetime.datetime: sa.DateTime(timezone=True),
        list[str]: ARRAY(sa.Text),
        bytes: sa.LargeBinary,
        UUID: sa.Uuid,
    }


chassis_tables = tables.define(Base.metadata)


def time_column() -> Mapped[datetime.datetime]:
    """An instant set by the database when the row is inserted."""
    return mapped_column(server_default=sa.func.now())


def foreign(target: str, **options: Any) -> Mapped[UUID]:
    return mapped_column(sa.ForeignKey(target), **options)


def metadata() -> sa.MetaData:
    """The metadata with every model of the service imported into it."""
    from customers.accounts import models as _accounts
    from customers.addresses import models as _addresses
    from customers.audit import models as _audit
    from customers.business import models as _business
    from customers.clients import models as _clients
    from customers.handoffs import models as _handoffs
    from customers.keys import models as _keys
    from customers.people import models as _people
    from customers.platforms import models as _platforms
    from customers.privacy import models as _privacy
    from customers.reps import models as _reps
    from customers.sessions import models as _sessions
    from customers.staff import models as _staff

    loaded = (
        _accounts,
        _addresses,
        _audit,
        _business,
        _clients,
        _handoffs,
        _keys,
        _people,
        _platforms,
        _privacy,
        _reps,
        _sessions,
        _staff,
    )
    assert all(loaded)
    return Base.metadata
