"""Writing business profiles, requests and messages. No commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id, parse_id
from customers.accounts.models import BusinessProfile
from customers.business.models import BusinessRequest, BusinessRequestMessage
from customers.people.models import Person
from customers.staff.models import StaffMember

# What a customer says of the business; whether it is in force and may pay later, the vendor says.
TEXTS = ("company_name", "vat_number", "chamber_of_commerce_number", "department")
_MIRROR = sa.text(
    "UPDATE business_requests r SET company_name = b.company_name, vat_number = b.vat_number,"
    " chamber_of_commerce_number = b.chamber_of_commerce_number, department = b.department"
    " FROM business_profiles b WHERE b.account_id = r.account_id AND r.account_id = :account_id"
    " AND r.state IN ('PENDING', 'INFORMATION_NEEDED')"
)


async def set_pending_profile(session: AsyncSession, account_id: UUID, texts: Mapping[str, Any]) -> None:
    """Replaces what is there; without any B2B function."""
    row = {
        "state": "PENDING",
        "b2b_active": False,
        "pay_later_allowed": False,
        **{name: texts[name] for name in TEXTS},
    }
    statement = insert(BusinessProfile).values(account_id=account_id, **row)
    await session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=row))


async def set_profile(session: AsyncSession, account_id: UUID, **values: Any) -> None:
    mine = BusinessProfile.account_id == account_id
    statement = sa.update(BusinessProfile).where(mine).values(**values)
    await session.execute(statement.execution_options(synchronize_session=False))


async def mirror(session: AsyncSession, account_id: UUID) -> None:
    """What staff correct in a profile that waits is corrected in its request."""
    await session.execute(_MIRROR, {"account_id": account_id})


async def add_request(session: AsyncSession, account_id: UUID, texts: Mapping[str, Any]) -> UUID:
    row = {"id": new_id(), "account_id": account_id, **{name: texts[name] for name in TEXTS}}
    added = sa.insert(BusinessRequest).values(row).returning(BusinessRequest.id)
    return (await session.execute(added)).scalar_one()


async def change_request(session: AsyncSession, request: BusinessRequest, **values: Any) -> int:
    """The new version."""
    version = request.version + 1
    statement = sa.update(BusinessRequest).where(BusinessRequest.id == request.id)
    await session.execute(
        statement.values(**values, version=version).execution_options(synchronize_session=False)
    )
    return version


async def add_message(session: AsyncSession, request_id: UUID, author: tuple[str, str], text: str) -> UUID:
    """`author` is (kind, id); the name is written as it is now."""
    kind, identity = author
    row = {
        "id": new_id(),
        "request_id": request_id,
        "author_kind": kind,
        "author_id": identity,
        "author_name": await _name(session, kind, identity),
        "text": text,
    }
    added = sa.insert(BusinessRequestMessage).values(row).returning(BusinessRequestMessage.id)
    return (await session.execute(added)).scalar_one()


async def _name(session: AsyncSession, kind: str, identity: str) -> str:
    query = sa.select(Person.first_name, Person.last_name)
    match kind:
        case "PERSON":
            query = query.where(Person.id == parse_id(identity))
        case "STAFF":
            query = query.join(StaffMember, StaffMember.person_id == Person.id)
            query = query.where(StaffMember.id == parse_id(identity))
        case _:
            return ""
    row = (await session.execute(query)).first()
    return f"{row.first_name} {row.last_name}".strip() if row is not None else ""
