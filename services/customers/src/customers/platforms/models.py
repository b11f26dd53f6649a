"""Tables of care platforms, the keys fetched from them, communities and care workers."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column

# How assisted orders may be paid: through the residence, on invoice to the client, or electronically.
MONTHLY_RESIDENCE = "MONTHLY_RESIDENCE"
METHODS = (MONTHLY_RESIDENCE, "PAY_LATER", "ELECTRONIC")


class CarePlatform(Base):
    """An external system that is trusted to hand off. Its keys are at `jwks_uri` or, when that is empty, in
    `jwks_json`; `session_minutes` is how long an assisted session may last at most."""

    __tablename__ = "care_platforms"
    __table_args__ = (
        sa.CheckConstraint("(jwks_uri = '') <> (jwks_json = '')", name="one_source_of_keys"),
        sa.CheckConstraint("statistics_detail IN ('TOTALS', 'PRODUCTS')", name="statistics_detail"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    issuer: Mapped[str] = mapped_column(unique=True)
    audience: Mapped[str]
    jwks_uri: Mapped[str]
    jwks_json: Mapped[str]
    return_addresses: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    storefront_address: Mapped[str]
    session_minutes: Mapped[int]
    statistics_detail: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=sa.text("true"))
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()


class FetchedKeys(Base):
    """What a platform's `jwks_uri` answered last (public keys only), shared by all replicas and kept while the
    platform is down. `attempt_time`: when somebody last asked, with whatever success."""

    __tablename__ = "fetched_keys"

    platform_id: Mapped[UUID] = foreign("care_platforms.id", primary_key=True)
    jwks_json: Mapped[str] = mapped_column(server_default="")
    fetch_time: Mapped[datetime.datetime | None]
    attempt_time: Mapped[datetime.datetime]


class Community(Base):
    """A residence or home-care organisation. `residence_account_id` is billed monthly, when there is one."""

    __tablename__ = "communities"
    __table_args__ = (
        sa.UniqueConstraint("platform_id", "external_id"),
        sa.Index("ix_communities_platform_id", "platform_id", "id"),
        sa.Index("ix_communities_residence_account_id", "residence_account_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    platform_id: Mapped[UUID] = foreign("care_platforms.id")
    external_id: Mapped[str]
    display_name: Mapped[str]
    residence_account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    email: Mapped[str]
    language_code: Mapped[str]
    payment_methods: Mapped[list[str]] = mapped_column(ARRAY(sa.Text))
    active: Mapped[bool] = mapped_column(server_default=sa.text("true"))
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()


class CareWorker(Base):
    """Somebody on a care platform, known by the platform's subject alone; the name is the one last handed off."""

    __tablename__ = "care_workers"
    __table_args__ = (sa.UniqueConstraint("platform_id", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    platform_id: Mapped[UUID] = foreign("care_platforms.id")
    subject: Mapped[str]
    display_name: Mapped[str]
    language_code: Mapped[str]
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()
