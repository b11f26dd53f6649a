"""Reading business requests with what was written about them, and what their mails need."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.context import Principal
from chassis.paging import Page
from customers import callers
from customers.accounts.models import Account, Membership
from customers.accounts.queries import ProfileView
from customers.business.errors import BusinessRequestNotFound
from customers.business.models import BusinessRequest, BusinessRequestMessage
from customers.database import AnyRow
from customers.people.models import Person


@dataclass(frozen=True, slots=True)
class MessageView:
    id: UUID
    author_kind: str
    author_id: str
    author_name: str
    text: str
    create_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class RequestView:
    id: UUID
    account_id: UUID
    account_number: str
    state: str
    profile: ProfileView
    first_name: str
    last_name: str
    email: str
    language_code: str
    version: int
    create_time: datetime.datetime
    decide_time: datetime.datetime | None
    messages: list[MessageView] = field(default_factory=list)


_REQUEST = (
    sa.select(
        BusinessRequest.id,
        BusinessRequest.account_id,
        Account.number,
        BusinessRequest.state,
        BusinessRequest.company_name,
        BusinessRequest.vat_number,
        BusinessRequest.chamber_of_commerce_number,
        BusinessRequest.department,
        BusinessRequest.pay_later_allowed,
        BusinessRequest.decision_message_id,
        BusinessRequest.version,
        BusinessRequest.create_time,
        BusinessRequest.decide_time,
        Person.first_name,
        Person.last_name,
        Person.email,
        Person.language_code,
    )
    .join(Account, Account.id == BusinessRequest.account_id)
    .join(Person, Person.id == Account.holder_id)
)


def readable(who: Principal) -> sa.ColumnElement[bool]:
    """Staff read all requests, the administrators of an account those of it."""
    if callers.sees_all(who):
        return sa.true()
    person_id, account_id = callers.person_of(who), who.acts_for_account
    if person_id is None or account_id is None:
        return sa.false()
    mine = sa.select(1).where(
        Membership.account_id == BusinessRequest.account_id,
        Membership.person_id == person_id,
        Membership.role == callers.ADMINISTRATOR,
    )
    return sa.and_(BusinessRequest.account_id == account_id, mine.exists())


async def get_request(session: AsyncSession, who: Principal, request_id: UUID) -> RequestView:
    """Raises BusinessRequestNotFound, also for what the caller may not see."""
    row = (await session.execute(_REQUEST.where(BusinessRequest.id == request_id, readable(who)))).first()
    if row is None:
        raise BusinessRequestNotFound(request_id)
    written = sa.select(BusinessRequestMessage).where(BusinessRequestMessage.request_id == request_id)
    messages = await session.scalars(written.order_by(BusinessRequestMessage.id))
    return _view(row, [_message(message) for message in messages])


async def list_requests(session: AsyncSession, who: Principal, state: str, page: Page) -> list[RequestView]:
    """Up to one more than a page, oldest first, without messages. `state` "": all of them."""
    query = _REQUEST.where(readable(who))
    if state:
        query = query.where(BusinessRequest.state == state)
    if page.after is not None:
        query = query.where(BusinessRequest.id > page.after[0])
    rows = await session.execute(query.order_by(BusinessRequest.id).limit(page.size + 1))
    return [_view(row, []) for row in rows]


def _message(message: BusinessRequestMessage) -> MessageView:
    return MessageView(**{name: getattr(message, name) for name in MessageView.__slots__})


def _view(row: AnyRow, messages: list[MessageView]) -> RequestView:
    decided = row.state if row.state in ("APPROVED", "REJECTED") else "PENDING"
    profile = ProfileView(
        state=decided,
        company_name=row.company_name,
        vat_number=row.vat_number,
        chamber_of_commerce_number=row.chamber_of_commerce_number,
        department=row.department,
        b2b_active=row.state == "APPROVED",
        pay_later_allowed=row.pay_later_allowed,
    )
    return RequestView(
        id=row.id,
        account_id=row.account_id,
        account_number=row.number,
        state=row.state,
        profile=profile,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email or "",
        language_code=row.language_code,
        version=row.version,
        create_time=row.create_time,
        decide_time=row.decide_time,
        messages=messages,
    )


@dataclass(frozen=True, slots=True)
class RequestMail:
    """The customer's address, whoever wrote: what a customer writes is mailed to the vendor's own address."""

    email: str
    display_name: str
    language_code: str
    company_name: str
    account_number: str
    text: str


async def get_mail(session: AsyncSession, request_id: UUID, message_id: UUID | None) -> RequestMail:
    """Without a message: the decision with what staff wrote, or, before it, the request with what came along.

    Raises BusinessRequestNotFound, also for a message of another request."""
    row = (await session.execute(_REQUEST.where(BusinessRequest.id == request_id))).first()
    if row is None:
        raise BusinessRequestNotFound(request_id)
    written = sa.select(BusinessRequestMessage.text).where(BusinessRequestMessage.request_id == request_id)
    if message_id is not None:
        text = await session.scalar(written.where(BusinessRequestMessage.id == message_id))
        if text is None:
            raise BusinessRequestNotFound(request_id)
    elif row.decide_time is not None:
        text = await session.scalar(written.where(BusinessRequestMessage.id == row.decision_message_id))
    else:
        first = written.order_by(BusinessRequestMessage.id).limit(1)
        text = await session.scalar(first)
    return RequestMail(
        email=row.email or "",
        display_name=f"{row.first_name} {row.last_name}".strip(),
        language_code=row.language_code,
        company_name=row.company_name,
        account_number=row.number,
        text=text or "",
    )
