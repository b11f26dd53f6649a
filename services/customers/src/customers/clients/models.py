"""The table of client links."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class ClientLink(Base):
    """Which client of which platform an account is. Found by the platform's id of the client alone, never by
    name or e-mail: two residents called Marie Peeters are two accounts. A closed link is never opened again;
    a client who comes with its external id later is somebody else.

    `payment_methods`: agreed for this client instead of what the community allows; empty: the community's.
    `address_id`: the address the platform keeps up to date.
    """

    __tablename__ = "client_links"
    __table_args__ = (
        sa.Index(
            "uq_client_links_open",
            "platform_id",
            "external_id",
            unique=True,
            postgresql_where=sa.text("close_time IS NULL"),
        ),
        sa.Index("ix_client_links_external_id", "platform_id", "external_id"),
        sa.Index("ix_client_links_community_id", "community_id"),
        sa.Index("ix_client_links_address_id", "address_id"),
    )

    account_id: Mapped[UUID] = foreign("accounts.id", primary_key=True)
    platform_id: Mapped[UUID] = foreign("care_platforms.id")
    community_id: Mapped[UUID] = foreign("communities.id")
    external_id: Mapped[str]
    address_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("addresses.id", ondelete="SET NULL"))
    payment_methods: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    create_time: Mapped[datetime.datetime] = time_column()
    close_time: Mapped[datetime.datetime | None]
