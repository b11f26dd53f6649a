"""Tables of signing keys and service clients."""

from __future__ import annotations

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, time_column


class SigningKey(Base):
    """An Ed25519 key. Signs from `activate_time` until a newer one does, is published until `retire_time`.

    Rows are never deleted: the checkpoints of the audit are verified with them years later.
    """

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_jwk: Mapped[Any] = mapped_column(JSONB)
    private_sealed: Mapped[bytes]
    create_time: Mapped[datetime.datetime] = time_column()
    activate_time: Mapped[datetime.datetime]
    retire_time: Mapped[datetime.datetime | None]


class ServiceClient(Base):
    """An internal team or a service with credentials of its own; the secret is stored as its SHA-256."""

    __tablename__ = "service_clients"

    id: Mapped[str] = mapped_column(primary_key=True)
    secret_sha256: Mapped[str]
    scope: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=sa.text("true"))
    create_time: Mapped[datetime.datetime] = time_column()
