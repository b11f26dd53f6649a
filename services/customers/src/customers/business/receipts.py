"""Receipts of removed business profiles: what was erased, what is kept, and the law that says so."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import sqlalchemy as sa
from commis.customers.v1 import accounts_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from customers.business.models import BusinessRemoval
from customers.database import AnyRow
from customers.people.models import Person

# GDPR = Regulation (EU) 2016/679. Invoices: Directive 2006/112/EC, articles 244 to 247, leaves the years to each
# country; Belgium: VAT Code, article 60, paragraph 4.
FISCAL = (
    "GDPR article 17(3)(b): invoices and what they rest on are stored as tax law demands"
    " (Directive 2006/112/EC articles 244-247; Belgium: VAT Code article 60(4), ten years)"
)
CLAIMS = "GDPR article 17(3)(e): what is owed stays owed and may have to be proved"
OWN = "GDPR article 6(1)(b): the personal account goes on"


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of data. `count` 0 of what is kept: not counted, because another service holds it."""

    subject: str
    count: int = 0
    kept_because: str = ""


# Told, whatever the account has: orders keeps these, and customers does not see how many there are.
KEPT_ELSEWHERE = (
    Item("orders and fiscal documents", kept_because=FISCAL),
    Item("unpaid invoices", kept_because=CLAIMS),
    Item("open carts, priced as for a consumer from now on", kept_because=OWN),
    Item("orders that waited for an approval, sent back as carts", kept_because=OWN),
    Item("audit of who did what", kept_because="GDPR articles 5(2) and 17(3)(e): accountability"),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    id: UUID
    account_id: UUID
    erase_time: datetime.datetime
    erased: list[Item]
    kept: list[Item]


@dataclass(frozen=True, slots=True)
class ReceiptMail:
    email: str
    display_name: str
    language_code: str
    receipt: Receipt


_COLUMNS = (
    BusinessRemoval.id,
    BusinessRemoval.account_id,
    BusinessRemoval.create_time,
    BusinessRemoval.erased,
    BusinessRemoval.kept,
)


def _receipt(row: AnyRow) -> Receipt:
    erased, kept = ([Item(**item) for item in listed] for listed in (row.erased, row.kept))
    return Receipt(row.id, row.account_id, row.create_time, erased, kept)


async def add(
    session: AsyncSession, account_id: UUID, person_id: UUID, erased: Sequence[Item], kept: Sequence[Item]
) -> Receipt:
    """`person_id`: who keeps the account and gets the mail."""
    row = {
        "id": new_id(),
        "account_id": account_id,
        "person_id": person_id,
        "erased": [asdict(item) for item in erased],
        "kept": [asdict(item) for item in kept],
    }
    written = await session.execute(sa.insert(BusinessRemoval).values(row).returning(*_COLUMNS))
    return _receipt(written.one())


async def find_last(session: AsyncSession, account_id: UUID) -> Receipt | None:
    query = sa.select(*_COLUMNS).where(BusinessRemoval.account_id == account_id)
    row = (await session.execute(query.order_by(BusinessRemoval.id.desc()).limit(1))).first()
    return _receipt(row) if row is not None else None


async def find_mail(session: AsyncSession, receipt_id: UUID) -> ReceiptMail | None:
    """To the person as it is now; None also when that person can no longer be written to."""
    person = (Person.email, Person.first_name, Person.last_name, Person.language_code)
    query = sa.select(*_COLUMNS, *person).join(Person, Person.id == BusinessRemoval.person_id)
    row = (await session.execute(query.where(BusinessRemoval.id == receipt_id))).first()
    if row is None or not row.email:
        return None
    name = f"{row.first_name} {row.last_name}".strip()
    return ReceiptMail(row.email, name, row.language_code, _receipt(row))


def answer(receipt: Receipt) -> accounts_pb2.ErasureReceipt:
    answered = accounts_pb2.ErasureReceipt(
        id=str(receipt.id),
        account_id=str(receipt.account_id),
        erased=map(_item, receipt.erased),
        kept=map(_item, receipt.kept),
    )
    answered.erase_time.FromDatetime(receipt.erase_time)
    return answered


def _item(item: Item) -> accounts_pb2.ErasureReceipt.Item:
    return accounts_pb2.ErasureReceipt.Item(
        subject=item.subject, count=item.count, kept_because=item.kept_because
    )
