"""Tables of accounts, their business profiles and members, and what the search reads."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column

# People read and dictate these numbers, so they start where all of them have six digits.
NUMBER_DEFAULT = "'C-' || nextval('account_numbers')::text"


class Account(Base):
    """Who buys and is billed. Name, e-mail, language and phone are those of its holder."""

    __tablename__ = "accounts"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('CONSUMER', 'BUSINESS')", name="kind"),
        sa.CheckConstraint("state IN ('ACTIVE', 'SUSPENDED', 'CLOSED')", name="state"),
        sa.Index("ix_accounts_holder_id", "holder_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True, server_default=sa.text(NUMBER_DEFAULT))
    holder_id: Mapped[UUID] = foreign("persons.id")
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="ACTIVE")
    groups: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    buyer_class: Mapped[str]
    spending_control: Mapped[bool] = mapped_column(server_default=sa.text("false"))
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()
    # Data protection: closed for good, and nothing here says any more whose it was.
    erase_time: Mapped[datetime.datetime | None]


class BusinessProfile(Base):
    """The B2B data of an account; its functions apply while APPROVED and `b2b_active`."""

    __tablename__ = "business_profiles"
    __table_args__ = (sa.CheckConstraint("state IN ('PENDING', 'APPROVED', 'REJECTED')", name="state"),)

    account_id: Mapped[UUID] = foreign("accounts.id", primary_key=True)
    state: Mapped[str]
    company_name: Mapped[str]
    vat_number: Mapped[str]
    chamber_of_commerce_number: Mapped[str] = mapped_column(server_default="")
    department: Mapped[str] = mapped_column(server_default="")
    b2b_active: Mapped[bool] = mapped_column(server_default=sa.text("false"))
    pay_later_allowed: Mapped[bool] = mapped_column(server_default=sa.text("false"))
    create_time: Mapped[datetime.datetime] = time_column()


class Membership(Base):
    """A person in an account. The limit counts for a USER of an account with spending control."""

    __tablename__ = "memberships"
    __table_args__ = (
        sa.CheckConstraint("role IN ('ADMINISTRATOR', 'USER')", name="role"),
        sa.CheckConstraint(
            "(spending_limit_minor IS NULL) = (spending_limit_currency IS NULL) AND spending_limit_minor >= 0",
            name="spending_limit",
        ),
        sa.Index("ix_memberships_person_id", "person_id"),
    )

    account_id: Mapped[UUID] = foreign("accounts.id", primary_key=True)
    person_id: Mapped[UUID] = foreign("persons.id", primary_key=True)
    role: Mapped[str]
    spending_limit_minor: Mapped[int | None] = mapped_column(sa.BigInteger)
    spending_limit_currency: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()


class AccountSearch(Base):
    """One narrow row per account with its folded words, rewritten whenever one of them changes.

    `sort_name` is the folded display name in byte order: the order of every list of accounts.
    """

    __tablename__ = "account_search"
    __table_args__ = (
        sa.Index("ix_account_search_sort_name", "sort_name", "account_id"),
        sa.Index("ix_account_search_kind", "kind", "sort_name", "account_id"),
        sa.Index(
            "ix_account_search_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}
        ),
    )

    account_id: Mapped[UUID] = foreign("accounts.id", primary_key=True)
    kind: Mapped[str]
    sort_name: Mapped[str] = mapped_column(sa.Text(collation="C"))
    words: Mapped[Any] = mapped_column(TSVECTOR)
