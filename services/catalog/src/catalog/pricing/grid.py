"""The rows of the discount grid. They are never changed or deleted; their validity is ended."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.pricing.prices import VariantNotFound
from catalog.pricing.reference import touch
from catalog.products.domain import CategoryNotFound, ProductNotFound
from chassis.errors import FailedPrecondition, NotFound
from chassis.ids import new_id

_COLUMNS = (
    "id, account_id, group_name, variant_id, product_id, category_id, brand, min_quantity, percent, valid_from,"
    " valid_to, create_time"
)
_NEW = sql.statement(f"""
    INSERT INTO discount_rows (id, account_id, group_name, variant_id, product_id, category_id, brand, min_quantity,
        percent, valid_from, valid_to)
    VALUES (:id, :account_id, :group_name, :variant_id, :product_id, :category_id, :brand, :min_quantity, :percent,
        :valid_from, :valid_to) RETURNING {_COLUMNS}
""")  # noqa: S608
_LOCKED = sql.statement(f"SELECT {_COLUMNS} FROM discount_rows WHERE id = :id FOR UPDATE")  # noqa: S608
_END = sql.statement(f"UPDATE discount_rows SET valid_to = :valid_to WHERE id = :id RETURNING {_COLUMNS}")  # noqa: S608
_KNOWN = sql.statement("""
    SELECT (SELECT count(*) FROM variants WHERE id = :variant_id) AS variants,
        (SELECT count(*) FROM products WHERE id = :product_id) AS products,
        (SELECT count(*) FROM categories WHERE id = :category_id) AS categories
""")


class DiscountRowNotFound(NotFound):
    reason = "DISCOUNT_ROW_NOT_FOUND"

    def __init__(self, row_id: UUID) -> None:
        super().__init__(f"There is no discount row {row_id}.", discount_row_id=row_id)


class DiscountRowEnded(FailedPrecondition):
    reason = "DISCOUNT_ROW_ENDED"

    def __init__(self, row_id: UUID, ended: datetime.date) -> None:
        message = f"Discount row {row_id} ends on {ended} already; its validity can only be shortened."
        super().__init__(message, discount_row_id=row_id, valid_to=ended)


@dataclass(frozen=True, slots=True)
class NewRow:
    """At most one of account and group, at most one of the four product fields."""

    account_id: UUID | None
    group_name: str | None
    variant_id: UUID | None
    product_id: UUID | None
    category_id: UUID | None
    brand: str | None
    min_quantity: int
    percent: Decimal
    valid_from: datetime.date
    valid_to: datetime.date | None


@dataclass(frozen=True, slots=True)
class RowView:
    id: UUID
    account_id: UUID | None
    group_name: str | None
    variant_id: UUID | None
    product_id: UUID | None
    category_id: UUID | None
    brand: str | None
    min_quantity: int
    percent: Decimal
    valid_from: datetime.date
    valid_to: datetime.date | None
    create_time: datetime.datetime


async def create(session: AsyncSession, new: NewRow) -> RowView:
    """Raises VariantNotFound, ProductNotFound, CategoryNotFound."""
    await _check(session, new)
    values = {name: getattr(new, name) for name in NewRow.__slots__}
    row = await sql.first(session, _NEW, {"id": new_id(), **values})
    await touch(session)
    assert row is not None, "an insert returns its row"
    return RowView(*row)


async def _check(session: AsyncSession, new: NewRow) -> None:
    ids = {"variant_id": new.variant_id, "product_id": new.product_id, "category_id": new.category_id}
    known = await sql.first(session, _KNOWN, ids)
    assert known is not None, "counts are always answered"
    if new.variant_id is not None and not known.variants:
        raise VariantNotFound(new.variant_id)
    if new.product_id is not None and not known.products:
        raise ProductNotFound(new.product_id)
    if new.category_id is not None and not known.categories:
        raise CategoryNotFound(new.category_id)


async def end(session: AsyncSession, row_id: UUID, valid_to: datetime.date) -> RowView:
    """The row holds until the day before `valid_to`; on its first day or before, it never holds.

    Raises DiscountRowNotFound, DiscountRowEnded.
    """
    found = await sql.first(session, _LOCKED, {"id": row_id})
    if found is None:
        raise DiscountRowNotFound(row_id)
    if found.valid_to is not None and found.valid_to < valid_to:
        raise DiscountRowEnded(row_id, found.valid_to)
    row = await sql.first(session, _END, {"id": row_id, "valid_to": max(valid_to, found.valid_from)})
    await touch(session)
    assert row is not None, "the row is locked"
    return RowView(*row)


async def list_page(
    session: AsyncSession, account_id: UUID | None, group: str | None, after: UUID | None, size: int
) -> list[RowView]:
    """Newest first."""
    filters = (" AND account_id = :account_id" if account_id else "") + (
        " AND group_name = :grp" if group else ""
    )
    text = (
        f"SELECT {_COLUMNS} FROM discount_rows WHERE (CAST(:after AS uuid) IS NULL OR id < :after){filters}"  # noqa: S608
        " ORDER BY id DESC LIMIT :size"
    )
    parameters = {"account_id": account_id, "grp": group, "after": after, "size": size}
    used = {key: value for key, value in parameters.items() if key in ("after", "size") or value}
    return [RowView(*row) for row in await sql.rows(session, sql.statement(text), used)]
