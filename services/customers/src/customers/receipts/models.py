"""The table of receipts."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class Receipt(Base):
    """What an account was told about its erased data; it names nobody.

    It is mailed to `person_id` as that person is now, or, where the person was erased too, to the address
    written here, which housekeeping forgets.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        sa.CheckConstraint("cause IN ('BUSINESS_PROFILE', 'ERASURE')", name="cause"),
        sa.Index("ix_receipts_account_id", "account_id", "id"),
        sa.Index("ix_receipts_create_time", "create_time", postgresql_where=sa.text("email IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = foreign("accounts.id")
    cause: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("persons.id"))
    email: Mapped[str | None]
    display_name: Mapped[str | None]
    language_code: Mapped[str | None]
    erased: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    kept: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    create_time: Mapped[datetime.datetime] = time_column()
