"""Tables of the audit. Triggers refuse UPDATE, DELETE and TRUNCATE; what a superuser did shows."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class AuditAuthor(Base):
    """Who acted from where, with the name as it was then. The chain holds only the salted `digest`, so that
    erasing a person can empty name and address here without breaking it."""

    __tablename__ = "audit_authors"
    __table_args__ = (
        sa.Index(
            "uq_audit_authors_living",
            "kind",
            "party_id",
            "name",
            "client_address",
            unique=True,
            postgresql_where=sa.text("erase_time IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    party_id: Mapped[str]
    name: Mapped[str]
    client_address: Mapped[str]
    salt: Mapped[bytes]
    digest: Mapped[bytes]
    create_time: Mapped[datetime.datetime] = time_column()
    erase_time: Mapped[datetime.datetime | None]


class AuditEntry(Base):
    """One fact. `hash` is SHA-256 over this entry and the hash of the entry before it."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        sa.Index("ix_audit_entries_account_id", "account_id", sa.text("sequence DESC")),
        sa.Index("ix_audit_entries_order_id", "order_id", sa.text("sequence DESC")),
        sa.Index("ix_audit_entries_author_id", "author_id"),
    )

    sequence: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    author_id: Mapped[UUID] = foreign("audit_authors.id")
    account_id: Mapped[str]
    channel: Mapped[str]
    action: Mapped[str]
    subject_id: Mapped[str]
    order_id: Mapped[str]
    occur_time: Mapped[datetime.datetime]
    request_id: Mapped[str]
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]


class AuditHead(Base):
    """The one row that says where the chain ends, authenticated with the service's secret: a removed tail
    shows. Locking it is how writers take turns."""

    __tablename__ = "audit_head"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(sa.BigInteger)
    hash: Mapped[bytes]
    mac: Mapped[bytes]


class AuditCheckpoint(Base):
    """A signed statement (JWS) that the chain had this hash at this sequence; also written to the log."""

    __tablename__ = "audit_checkpoints"

    sequence: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]
    statement: Mapped[str]
    create_time: Mapped[datetime.datetime] = time_column()
