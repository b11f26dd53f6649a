"""One-time links to set a password: asked for, derived again for the mail, and used once."""

from __future__ import annotations

import base64
import binascii
import datetime
import hmac
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from customers.people.errors import LinkNotValid
from customers.people.models import CredentialRequest, Person
from customers.vault import Vault

_LENGTH = 16 + 32


class Purpose(StrEnum):
    ACTIVATION = "ACTIVATION"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105  # a name, no secret


LIFE = {Purpose.ACTIVATION: datetime.timedelta(hours=72), Purpose.PASSWORD_RESET: datetime.timedelta(hours=2)}


@dataclass(frozen=True, slots=True)
class Link:
    """What the mail of a credential request needs."""

    email: str
    display_name: str
    language_code: str
    link: str
    expire_time: datetime.datetime


def token_of(vault: Vault, request_id: UUID) -> str:
    """The token of a request: its id and a MAC of it, so that the same request always gives the same link
    and neither the database nor an event ever holds it."""
    raw = request_id.bytes + vault.mac("credential link", request_id.bytes)
    return base64.urlsafe_b64encode(raw).decode()


def read_token(vault: Vault, token: str) -> UUID:
    """The request of a token. Raises LinkNotValid for anything that this service did not derive."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise LinkNotValid from None
    if len(raw) != _LENGTH or not hmac.compare_digest(raw[16:], vault.mac("credential link", raw[:16])):
        raise LinkNotValid
    return UUID(bytes=raw[:16])


def page_link(base: str, token: str) -> str:
    """The token is in the fragment: browsers send it to no server, so it reaches no log or referrer."""
    return f"{base}/set-password#token={token}"


def still_open() -> sa.ColumnElement[bool]:
    return sa.and_(
        CredentialRequest.use_time.is_(None),
        CredentialRequest.replace_time.is_(None),
        CredentialRequest.expire_time > sa.func.now(),
    )


async def request_link(session: AsyncSession, person_id: UUID, purpose: Purpose) -> CredentialRequest:
    """A new request; earlier open ones of the person end, whatever they were for."""
    await lock_person(session, person_id)
    await replace_open(session, person_id)
    request = CredentialRequest(
        id=new_id(),
        person_id=person_id,
        purpose=purpose.value,
        expire_time=datetime.datetime.now(datetime.UTC) + LIFE[purpose],
    )
    session.add(request)
    await session.flush()
    return request


async def replace_open(session: AsyncSession, person_id: UUID) -> None:
    """End every open link of the person: a newer one was made, or their address or password changed."""
    mine = sa.and_(CredentialRequest.person_id == person_id, still_open())
    await session.execute(sa.update(CredentialRequest).where(mine).values(replace_time=sa.func.now()))


async def lock_person(session: AsyncSession, person_id: UUID) -> None:
    """Always the first lock when credentials change, so that two changes queue instead of deadlocking."""
    await session.execute(sa.select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))


async def owner_of(session: AsyncSession, request_id: UUID) -> UUID:
    """Whose open request this is. Raises LinkNotValid."""
    open_one = sa.and_(CredentialRequest.id == request_id, still_open())
    found: UUID | None = await session.scalar(sa.select(CredentialRequest.person_id).where(open_one))
    if found is None:
        raise LinkNotValid
    return found


async def use(session: AsyncSession, request_id: UUID) -> None:
    """Use the link. Of several at once exactly one passes: the others wait for its row and then find it used.

    Raises LinkNotValid."""
    open_one = sa.and_(CredentialRequest.id == request_id, still_open())
    used = sa.update(CredentialRequest).where(open_one).values(use_time=sa.func.now())
    if (await session.execute(used.returning(CredentialRequest.id))).first() is None:
        raise LinkNotValid


async def get_link(session: AsyncSession, vault: Vault, base: str, request_id: UUID) -> Link:
    """The link to mail. Raises LinkNotValid when it was used, replaced or has expired."""
    columns = (Person.email, Person.first_name, Person.last_name, Person.language_code)
    found = (
        await session.execute(
            sa.select(*columns, CredentialRequest.expire_time)
            .join(Person, Person.id == CredentialRequest.person_id)
            .where(CredentialRequest.id == request_id, still_open())
        )
    ).first()
    if found is None:
        raise LinkNotValid
    return Link(
        email=found.email,
        display_name=f"{found.first_name} {found.last_name}".strip(),
        language_code=found.language_code,
        link=page_link(base, token_of(vault, request_id)),
        expire_time=found.expire_time,
    )
