"""Tables of representatives and their assignments."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class Representative(Base):
    """A sales agent. Name, e-mail and language are the person's; `words` are what a list is searched by."""

    __tablename__ = "representatives"
    __table_args__ = (sa.Index("ix_representatives_words", "words", postgresql_using="gin"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = foreign("persons.id", unique=True)
    rep_code: Mapped[str] = mapped_column(sa.Text(collation="C"), unique=True)
    active: Mapped[bool] = mapped_column(server_default=sa.text("true"))
    words: Mapped[Any] = mapped_column(TSVECTOR)
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()


class Assignment(Base):
    """The rep may see and act for the account for as long as this row exists.

    `sort_name` is that of account_search: a rep's list is read in its order from the index below.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        sa.Index("ix_assignments_account_id", "account_id"),
        sa.Index("ix_assignments_sort_name", "rep_id", "sort_name", "account_id"),
    )

    rep_id: Mapped[UUID] = foreign("representatives.id", primary_key=True)
    account_id: Mapped[UUID] = foreign("accounts.id", primary_key=True)
    sort_name: Mapped[str] = mapped_column(sa.Text(collation="C"))
    create_time: Mapped[datetime.datetime] = time_column()
