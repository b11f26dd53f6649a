"""The rules in the database. They are never changed or deleted; their validity is ended."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import sql
from catalog.legal_caps.domain import LegalCapEnded, LegalCapNotFound, LegalCapOverlap
from catalog.pricing.reference import touch
from chassis import db
from chassis.ids import new_id

_COLUMNS = (
    "id, jurisdiction, text_language_codes, product_forms, buyer_class, months, min_quantity, max_discount_percent,"
    " valid_from, valid_to, source, certainty, note, create_time"
)
_NEW = sql.statement(f"""
    INSERT INTO legal_caps (id, jurisdiction, text_language_codes, product_forms, buyer_class, months, min_quantity,
        max_discount_percent, valid_from, valid_to, source, certainty, note, scope)
    VALUES (:id, :jurisdiction, CAST(:text_language_codes AS text[]), CAST(:product_forms AS text[]), :buyer_class,
        :months, :min_quantity, :max_discount_percent, :valid_from, :valid_to, :source, :certainty, :note, :scope)
    RETURNING {_COLUMNS}
""")  # noqa: S608
_LOCKED = sql.statement(f"SELECT {_COLUMNS} FROM legal_caps WHERE id = :id FOR UPDATE")  # noqa: S608
_END = sql.statement(f"UPDATE legal_caps SET valid_to = :valid_to WHERE id = :id RETURNING {_COLUMNS}")  # noqa: S608
_PAGE = sql.statement(f"""
    SELECT {_COLUMNS} FROM legal_caps
    WHERE (CAST(:only AS text) IS NULL OR jurisdiction = :only)
        AND (CAST(:place AS text) IS NULL OR jurisdiction > :place
            OR (jurisdiction = :place AND id < CAST(:after AS uuid)))
    ORDER BY jurisdiction, id DESC LIMIT :size
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class NewCap:
    """Languages and forms sorted, each once; none: all."""

    jurisdiction: str
    text_language_codes: list[str]
    product_forms: list[str]
    buyer_class: str
    months: int
    min_quantity: int
    max_discount_percent: Decimal
    valid_from: datetime.date
    valid_to: datetime.date | None
    source: str
    certainty: str
    note: str

    @property
    def scope(self) -> str:
        """For what the rule is; two rules of one scope never hold on one day."""
        lists = (",".join(self.text_language_codes), ",".join(self.product_forms))
        return "|".join((self.jurisdiction, self.buyer_class, *lists, str(self.min_quantity)))


@dataclass(frozen=True, slots=True)
class CapView:
    id: UUID
    jurisdiction: str
    text_language_codes: list[str]
    product_forms: list[str]
    buyer_class: str
    months: int
    min_quantity: int
    max_discount_percent: Decimal
    valid_from: datetime.date
    valid_to: datetime.date | None
    source: str
    certainty: str
    note: str
    create_time: datetime.datetime


async def create(session: AsyncSession, new: NewCap) -> CapView:
    """Raises LegalCapOverlap."""
    values = {name: getattr(new, name) for name in NewCap.__slots__}
    await touch(session)  # first: whoever changes rules waits here, so that the constraint never deadlocks
    try:
        row = await sql.first(session, _NEW, {"id": new_id(), "scope": new.scope, **values})
    except IntegrityError as error:
        if db.constraint_name(error) == "ex_legal_caps_no_overlap":
            raise LegalCapOverlap(new.jurisdiction, new.buyer_class, new.valid_from) from error
        raise
    assert row is not None, "an insert returns its row"
    return CapView(*row)


async def end(session: AsyncSession, cap_id: UUID, valid_to: datetime.date) -> CapView:
    """The rule holds until the day before `valid_to`; on its first day or before, it never holds.

    Raises LegalCapNotFound, LegalCapEnded.
    """
    await touch(session)
    found = await sql.first(session, _LOCKED, {"id": cap_id})
    if found is None:
        raise LegalCapNotFound(cap_id)
    if found.valid_to is not None and found.valid_to < valid_to:
        raise LegalCapEnded(cap_id, found.valid_to)
    row = await sql.first(session, _END, {"id": cap_id, "valid_to": max(valid_to, found.valid_from)})
    assert row is not None, "the row is locked"
    return CapView(*row)


async def list_page(
    session: AsyncSession, only: str | None, after: tuple[str, UUID] | None, size: int
) -> list[CapView]:
    """By jurisdiction, the newest first; `only` of one."""
    place, identity = after or (None, None)
    parameters = {"only": only, "place": place, "after": identity, "size": size}
    return [CapView(*row) for row in await sql.rows(session, _PAGE, parameters)]
