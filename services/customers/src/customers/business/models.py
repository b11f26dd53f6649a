"""Tables of requests for a business profile, what was written about them, and of removed profiles."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column

OPEN = ("PENDING", "INFORMATION_NEEDED")


class BusinessRequest(Base):
    """What was asked for, as it was asked for or last corrected; an account has at most one open request.

    `decision_message_id` is what staff wrote when they refused it.
    """

    __tablename__ = "business_requests"
    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('PENDING', 'INFORMATION_NEEDED', 'APPROVED', 'REJECTED')", name="state"
        ),
        sa.Index("ix_business_requests_state", "state", "id"),
        sa.Index("ix_business_requests_account_id", "account_id", "id"),
        sa.Index(
            "uq_business_requests_open",
            "account_id",
            unique=True,
            postgresql_where=sa.text("state IN ('PENDING', 'INFORMATION_NEEDED')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = foreign("accounts.id")
    state: Mapped[str] = mapped_column(server_default="PENDING")
    company_name: Mapped[str]
    vat_number: Mapped[str]
    chamber_of_commerce_number: Mapped[str] = mapped_column(server_default="")
    department: Mapped[str] = mapped_column(server_default="")
    pay_later_allowed: Mapped[bool] = mapped_column(server_default=sa.text("false"))
    decision_message_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()
    decide_time: Mapped[datetime.datetime | None]


class BusinessRequestMessage(Base):
    """One message of the exchange, with its author's name as it was."""

    __tablename__ = "business_request_messages"
    __table_args__ = (sa.Index("ix_business_request_messages_request_id", "request_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = foreign("business_requests.id")
    author_kind: Mapped[str]
    author_id: Mapped[str]
    author_name: Mapped[str]
    text: Mapped[str]
    create_time: Mapped[datetime.datetime] = time_column()


class BusinessRemoval(Base):
    """The receipt of a removed profile, which names nobody; it is mailed to the person who keeps the account."""

    __tablename__ = "business_removals"
    __table_args__ = (sa.Index("ix_business_removals_account_id", "account_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = foreign("accounts.id")
    person_id: Mapped[UUID] = foreign("persons.id")
    erased: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    kept: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    create_time: Mapped[datetime.datetime] = time_column()
