"""Price lists, and who uses which in which order."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.prices import PriceListNotFound
from catalog.pricing.reference import touch
from chassis import etag
from chassis.errors import AlreadyExists, FieldViolation, InvalidFields
from chassis.ids import new_id

_COLUMNS = (
    "id, code, display_name, currency_code, tax_inclusive, default_use, publisher_region_code, version,"
    " create_time"
)
_NEW = sql.statement(f"""
    INSERT INTO price_lists (id, code, display_name, currency_code, tax_inclusive, default_use,
        publisher_region_code)
    VALUES (:id, :code, :display_name, :currency_code, :tax_inclusive, :default_use, :publisher_region_code)
    ON CONFLICT (code) DO NOTHING RETURNING {_COLUMNS}
""")  # noqa: S608
_GET = sql.statement(f"SELECT {_COLUMNS} FROM price_lists WHERE id = :id")  # noqa: S608
_FIND = sql.statement(f"SELECT {_COLUMNS} FROM price_lists WHERE id = ANY(CAST(:ids AS uuid[]))")  # noqa: S608
_LOCKED = sql.statement(f"SELECT {_COLUMNS} FROM price_lists WHERE id = :id FOR NO KEY UPDATE")  # noqa: S608
_SET = sql.statement(f"""
    UPDATE price_lists SET display_name = :display_name, default_use = :default_use, version = version + 1
    WHERE id = :id RETURNING {_COLUMNS}
""")  # noqa: S608
_PAGE = sql.statement(
    f"SELECT {_COLUMNS} FROM price_lists WHERE (CAST(:after AS text) IS NULL OR code > :after)"  # noqa: S608
    " ORDER BY code LIMIT :size"
)
_KNOWN = sql.statement("SELECT id FROM price_lists WHERE id = ANY(CAST(:ids AS uuid[]))")
_SET_ORDER = sql.statement("""
    INSERT INTO price_list_orders (kind, subject, list_ids) VALUES (:kind, :subject, CAST(:ids AS uuid[]))
    ON CONFLICT (kind, subject) DO UPDATE SET list_ids = excluded.list_ids, update_time = now()
""")
_GET_ORDER = sql.statement("SELECT list_ids FROM price_list_orders WHERE kind = :kind AND subject = :subject")

PUBLISHERS_ARE_NO_DEFAULT = "must be none for a list of publishers' prices: nobody is quoted from it"


class PriceListCodeTaken(AlreadyExists):
    reason = "PRICE_LIST_CODE_TAKEN"

    def __init__(self, code: str) -> None:
        super().__init__(f"There is a price list {code} already.", code=code)


@dataclass(frozen=True, slots=True)
class PriceListView:
    id: UUID
    code: str
    display_name: str
    currency_code: str
    tax_inclusive: bool
    default_use: str
    publisher_region_code: str
    version: int
    create_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose set of lists: an account or a group."""

    kind: str
    name: str


def _view(row: sql.Row) -> PriceListView:
    return PriceListView(*row)


async def create(session: AsyncSession, fields: dict[str, Any]) -> PriceListView:
    """Raises PriceListCodeTaken."""
    row = await sql.first(session, _NEW, {"id": new_id(), **fields})
    if row is None:
        raise PriceListCodeTaken(fields["code"])
    await touch(session)
    return _view(row)


async def get(session: AsyncSession, list_id: UUID, *, lock: bool = False) -> PriceListView:
    """Raises PriceListNotFound."""
    row = await sql.first(session, _LOCKED if lock else _GET, {"id": list_id})
    if row is None:
        raise PriceListNotFound(list_id)
    return _view(row)


async def find(session: AsyncSession, ids: Sequence[UUID]) -> list[PriceListView]:
    """Those of them that there are."""
    return [_view(row) for row in await sql.rows(session, _FIND, {"ids": list(ids)})]


async def update(
    session: AsyncSession, list_id: UUID, changes: dict[str, Any], sent_etag: str
) -> PriceListView:
    """Changes display_name and default_use: what prices mean (currency, tax, whose they are) never changes under them.

    Raises PriceListNotFound, EtagMismatch, InvalidFields.
    """
    view = await get(session, list_id, lock=True)
    etag.check(f"Price list {view.code}", sent_etag, view.version)
    if view.publisher_region_code and changes.get("default_use", "NONE") != "NONE":
        raise InvalidFields([FieldViolation("price_list.default_use", PUBLISHERS_ARE_NO_DEFAULT)])
    values = {"display_name": view.display_name, "default_use": view.default_use} | changes
    row = await sql.first(session, _SET, {"id": list_id, **values})
    await touch(session)
    assert row is not None, "the row is locked"
    return _view(row)


async def list_page(session: AsyncSession, after: str | None, size: int) -> list[PriceListView]:
    return [_view(row) for row in await sql.rows(session, _PAGE, {"after": after, "size": size})]


async def set_order(session: AsyncSession, subject: Subject, list_ids: Sequence[UUID]) -> None:
    """Replaces the set. An account's set is read with every quote; only groups are remembered elsewhere.

    Raises PriceListNotFound.
    """
    known = {row.id for row in await sql.rows(session, _KNOWN, {"ids": list(list_ids)})}
    for list_id in list_ids:
        if list_id not in known:
            raise PriceListNotFound(list_id)
    parameters = {"kind": subject.kind, "subject": subject.name, "ids": list(list_ids)}
    await sql.run(session, _SET_ORDER, parameters)
    if subject.kind == "GROUP":
        await touch(session)


async def get_order(session: AsyncSession, subject: Subject) -> list[UUID]:
    row = await sql.first(session, _GET_ORDER, {"kind": subject.kind, "subject": subject.name})
    return list(row.list_ids) if row is not None else []
