"""Tables of people. The password hash has its own table: nothing that reads a person ever loads it."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class Person(Base):
    """Somebody who can sign in, or a client of a community, who cannot and has no `email`. The only place of a
    person's name, e-mail addresses, language and phone. Nobody is found by `contact_email`; it need not be unique."""

    __tablename__ = "persons"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    contact_email: Mapped[str] = mapped_column(server_default="")
    first_name: Mapped[str]
    last_name: Mapped[str]
    language_code: Mapped[str]
    phone: Mapped[str] = mapped_column(server_default="")
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()
    # Data protection: no name and no address is left, only the id that the records kept by law refer to.
    erase_time: Mapped[datetime.datetime | None]

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Password(Base):
    """A person without a row has never activated."""

    __tablename__ = "passwords"

    person_id: Mapped[UUID] = foreign("persons.id", primary_key=True)
    hash: Mapped[str]
    set_time: Mapped[datetime.datetime] = time_column()


class CredentialRequest(Base):
    """A mailed link to set a password. The link's token is derived from `id`, so no secret is stored."""

    __tablename__ = "credential_requests"
    __table_args__ = (
        sa.CheckConstraint("purpose IN ('ACTIVATION', 'PASSWORD_RESET')", name="purpose"),
        sa.Index("ix_credential_requests_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = foreign("persons.id")
    purpose: Mapped[str]
    create_time: Mapped[datetime.datetime] = time_column()
    expire_time: Mapped[datetime.datetime]
    use_time: Mapped[datetime.datetime | None]
    replace_time: Mapped[datetime.datetime | None]
