"""Reading representatives."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.paging import Page
from customers import folding
from customers.database import AnyRow
from customers.people.models import Person
from customers.reps.errors import RepresentativeNotFound
from customers.reps.models import Assignment, Representative


@dataclass(frozen=True, slots=True)
class RepresentativeView:
    id: UUID
    rep_code: str
    first_name: str
    last_name: str
    email: str
    language_code: str
    active: bool
    assigned_account_count: int
    version: int
    create_time: datetime.datetime
    update_time: datetime.datetime


_COUNT = (
    sa.select(sa.func.count())
    .select_from(Assignment)
    .where(Assignment.rep_id == Representative.id)
    .correlate(Representative)
    .scalar_subquery()
)
_REPRESENTATIVE = sa.select(
    Representative.id,
    Representative.rep_code,
    Person.first_name,
    Person.last_name,
    Person.email,
    Person.language_code,
    Representative.active,
    _COUNT.label("assigned_account_count"),
    Representative.version,
    Representative.create_time,
    Representative.update_time,
).join(Person, Person.id == Representative.person_id)


def _view(row: AnyRow) -> RepresentativeView:
    return RepresentativeView(**row._mapping)


async def get_representative(session: AsyncSession, rep_id: UUID) -> RepresentativeView:
    """Raises RepresentativeNotFound."""
    row = (await session.execute(_REPRESENTATIVE.where(Representative.id == rep_id))).first()
    if row is None:
        raise RepresentativeNotFound(rep_id)
    return _view(row)


async def list_representatives(
    session: AsyncSession, words: Sequence[str] | None, page: Page
) -> list[RepresentativeView]:
    """Up to one more than a page, by code. `words` None means all; every word is a prefix of code or name."""
    if words is not None and not words:
        return []
    query = _REPRESENTATIVE
    if words is not None:
        query = query.where(Representative.words.op("@@")(sa.cast(folding.prefix_query(words), TSQUERY)))
    if page.after is not None:
        query = query.where(Representative.rep_code > page.after[0])
    rows = await session.execute(query.order_by(Representative.rep_code).limit(page.size + 1))
    return [_view(row) for row in rows]
