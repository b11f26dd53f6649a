"""Tables of session families, refresh tokens and the throttle of sign-ins."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class SessionFamily(Base):
    """One sign-in and everything refreshed from it; its id is the claim `sid` of its access tokens.

    An ordering session is a family of its own below the rep's (`parent_id`), so that it ends with it.
    An assisted session has a care worker, a community and perhaps an address that leads back to the platform;
    its person is the client, who does not sign in.
    """

    __tablename__ = "session_families"
    __table_args__ = (
        sa.CheckConstraint("subject_kind IN ('PERSON', 'ACCOUNT', 'REP', 'STAFF')", name="subject_kind"),
        sa.Index("ix_session_families_person_id", "person_id"),
        sa.Index("ix_session_families_parent_id", "parent_id"),
        sa.Index("ix_session_families_rep_id", "rep_id", "subject_id"),
        sa.Index("ix_session_families_expire_time", "expire_time"),
        sa.Index(
            "ix_session_families_subject_id", "subject_id", postgresql_where=sa.text("end_time IS NULL")
        ),
        sa.Index("ix_session_families_care_worker_id", "care_worker_id"),
        sa.Index("ix_session_families_community_id", "community_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = foreign("persons.id")
    parent_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("session_families.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    rep_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("representatives.id"))
    care_worker_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("care_workers.id"))
    community_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("communities.id"))
    return_address: Mapped[str] = mapped_column(server_default="")
    create_time: Mapped[datetime.datetime] = time_column()
    expire_time: Mapped[datetime.datetime]
    end_time: Mapped[datetime.datetime | None]
    end_reason: Mapped[str] = mapped_column(server_default="")

    @property
    def acts_for_another(self) -> bool:
        """A rep or a care worker acts for one account in it: there is no other identity to choose."""
        return self.rep_id is not None or self.care_worker_id is not None


class RefreshToken(Base):
    """The token itself is derived from `id` with the service's secret; stored is its SHA-256."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (sa.Index("ix_refresh_tokens_family_id", "family_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = foreign("session_families.id")
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    create_time: Mapped[datetime.datetime] = time_column()
    expire_time: Mapped[datetime.datetime]
    use_time: Mapped[datetime.datetime | None]
    successor_id: Mapped[UUID | None]


class FeedTicket(Base):
    """Opens one live feed once; stored is its SHA-256."""

    __tablename__ = "feed_tickets"
    __table_args__ = (
        sa.Index("ix_feed_tickets_family_id", "family_id"),
        sa.Index("ix_feed_tickets_expire_time", "expire_time"),
    )

    ticket_hash: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(sa.ForeignKey("session_families.id", ondelete="CASCADE"))
    expire_time: Mapped[datetime.datetime]
    use_time: Mapped[datetime.datetime | None]


class ThrottleBucket(Base):
    """A leaking bucket per e-mail, client network or both; `key` is a MAC, so no address is stored."""

    __tablename__ = "throttle_buckets"
    __table_args__ = (sa.Index("ix_throttle_buckets_update_time", "update_time"),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    capacity: Mapped[float]
    leak: Mapped[float]
    level: Mapped[float]
    admitted: Mapped[bool]
    update_time: Mapped[datetime.datetime] = time_column()
    success_time: Mapped[datetime.datetime | None]
