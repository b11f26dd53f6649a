"""Tables of one-time codes, of tokens seen before, and of refusals."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class Handoff(Base):
    """A one-time code waiting for its exchange; stored is its SHA-256."""

    __tablename__ = "handoffs"
    __table_args__ = (
        sa.Index("ix_handoffs_care_worker_id", "care_worker_id"),
        sa.Index("ix_handoffs_expire_time", "expire_time"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    platform_id: Mapped[UUID] = foreign("care_platforms.id")
    community_id: Mapped[UUID] = foreign("communities.id")
    account_id: Mapped[UUID] = foreign("accounts.id")
    care_worker_id: Mapped[UUID] = foreign("care_workers.id")
    return_address: Mapped[str]
    create_time: Mapped[datetime.datetime] = time_column()
    expire_time: Mapped[datetime.datetime]
    use_time: Mapped[datetime.datetime | None]


class SeenToken(Base):
    """The `jti` of an accepted token of a platform, as a digest, until the token can no longer be accepted."""

    __tablename__ = "seen_tokens"
    __table_args__ = (sa.Index("ix_seen_tokens_expire_time", "expire_time"),)

    platform_id: Mapped[UUID] = foreign("care_platforms.id", primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    expire_time: Mapped[datetime.datetime]


class HandoffRefusal(Base):
    """That something was refused, and why; nothing of what it said. `platform_id` is empty when the issuer is
    not known: anybody may send anything."""

    __tablename__ = "handoff_refusals"
    __table_args__ = (
        sa.Index("ix_handoff_refusals_platform_id", "platform_id", "id"),
        sa.Index("ix_handoff_refusals_occur_time", "occur_time"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    platform_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("care_platforms.id"))
    reason: Mapped[str]
    cause: Mapped[str]
    client_address: Mapped[str]
    request_id: Mapped[str]
    occur_time: Mapped[datetime.datetime] = time_column()
