"""Versions of the terms in the database."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from orders.terms.tables import terms

_INSERT = sa.insert(terms)
_ONE = sa.select(terms).where(terms.c.version == sa.bindparam("wanted"))
_IN_FORCE = sa.select(terms).order_by(terms.c.publish_time.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Terms:
    """`hashes`: SHA-256 per language, hexadecimal."""

    version: str
    texts: dict[str, str]
    hashes: dict[str, str]
    publish_time: datetime.datetime


def _terms(row: Any) -> Terms:
    return Terms(row.version, row.texts, row.hashes, row.publish_time)


async def insert(connection: AsyncConnection, new: Terms) -> None:
    await connection.execute(
        _INSERT,
        {
            "version": new.version,
            "texts": new.texts,
            "hashes": new.hashes,
            "publish_time": new.publish_time,
        },
    )


async def find(connection: AsyncConnection, version: str) -> Terms | None:
    """The version in force when none is named."""
    statement, given = (_ONE, {"wanted": version}) if version else (_IN_FORCE, {})
    row = (await connection.execute(statement, given)).one_or_none()
    return None if row is None else _terms(row)


async def texts(connection: AsyncConnection, version: str) -> dict[str, str]:
    found = await find(connection, version)
    return found.texts if found is not None else {}
