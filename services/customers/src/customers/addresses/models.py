"""The table of addresses."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class Address(Base):
    """A postal address of an account. At most one is the default for billing, one for delivery."""

    __tablename__ = "addresses"
    __table_args__ = (
        sa.Index("ix_addresses_account_id", "account_id", "id"),
        sa.Index(
            "uq_addresses_default_billing",
            "account_id",
            unique=True,
            postgresql_where=sa.text("default_billing"),
        ),
        sa.Index(
            "uq_addresses_default_delivery",
            "account_id",
            unique=True,
            postgresql_where=sa.text("default_delivery"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = foreign("accounts.id")
    label: Mapped[str]
    recipient: Mapped[str]
    company: Mapped[str]
    street_lines: Mapped[list[str]]
    postal_code: Mapped[str]
    city: Mapped[str]
    administrative_area: Mapped[str]
    region_code: Mapped[str]
    phone: Mapped[str]
    default_billing: Mapped[bool]
    default_delivery: Mapped[bool]
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()
