"""Reading addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.paging import Page
from customers.addresses.models import Address
from customers.database import AnyRow


@dataclass(frozen=True, slots=True)
class AddressView:
    id: UUID
    version: int
    label: str
    recipient: str
    company: str
    street_lines: list[str]
    postal_code: str
    city: str
    administrative_area: str
    region_code: str
    phone: str
    default_billing: bool
    default_delivery: bool


COLUMNS = tuple(getattr(Address, name) for name in AddressView.__slots__)


def view(row: AnyRow) -> AddressView:
    return AddressView(**{name: getattr(row, name) for name in AddressView.__slots__})


_OF_ACCOUNTS = (
    sa.select(Address.account_id, *COLUMNS)
    .where(Address.account_id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Uuid))))
    .order_by(Address.id)
)


async def of_accounts(
    session: AsyncSession, account_ids: Sequence[UUID]
) -> defaultdict[UUID, list[AddressView]]:
    found: defaultdict[UUID, list[AddressView]] = defaultdict(list)
    for row in await session.execute(_OF_ACCOUNTS, {"ids": account_ids}):
        found[row.account_id].append(AddressView(*row[1:]))
    return found


async def list_addresses(session: AsyncSession, account_id: UUID, page: Page) -> list[AddressView]:
    """Up to one more than a page, oldest first."""
    query = sa.select(*COLUMNS).where(Address.account_id == account_id)
    if page.after is not None:
        query = query.where(Address.id > page.after[0])
    rows = await session.execute(query.order_by(Address.id).limit(page.size + 1))
    return [view(row) for row in rows]
