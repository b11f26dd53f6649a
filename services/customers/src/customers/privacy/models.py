"""Tables of data exports and erasures."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column

# Every service that may hold something about somebody, beside customers itself.
OTHERS = ("catalog", "library", "notifications", "orders")
SERVICES = ("customers", *OTHERS)


class DataExport(Base):
    """With `person_id` of that person in the account only. `language_code` is that of the README."""

    __tablename__ = "data_exports"
    __table_args__ = (
        sa.Index("ix_data_exports_account_id", "account_id", "person_id"),
        sa.Index("ix_data_exports_expire_time", "expire_time"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = foreign("accounts.id")
    person_id: Mapped[UUID | None]
    language_code: Mapped[str]
    create_time: Mapped[datetime.datetime] = time_column()
    expire_time: Mapped[datetime.datetime]
    ready_time: Mapped[datetime.datetime | None]


class DataExportPart(Base):
    """JSON of one service; its part that is `last` completes it."""

    __tablename__ = "data_export_parts"

    export_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("data_exports.id", ondelete="CASCADE"), primary_key=True
    )
    service: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[bool]
    content: Mapped[bytes]


class Erasure(Base):
    """Without `person_id` of the whole account. `subjects_sealed`: by what the services find the persons, encrypted and
    emptied when all have reported; `recipient_sealed`: where the receipt is mailed to, emptied a week after that."""

    __tablename__ = "erasures"
    __table_args__ = (
        sa.Index("ix_erasures_account_id", "account_id", "id"),
        sa.Index(
            "ix_erasures_done_time", "done_time", postgresql_where=sa.text("recipient_sealed IS NOT NULL")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = foreign("accounts.id")
    person_id: Mapped[UUID | None]
    erased_person_ids: Mapped[list[UUID]] = mapped_column(ARRAY(sa.Uuid))
    subjects_sealed: Mapped[bytes | None]
    recipient_sealed: Mapped[bytes | None]
    create_time: Mapped[datetime.datetime] = time_column()
    done_time: Mapped[datetime.datetime | None]


class ErasureReport(Base):
    """What one service erased ([subject, count]) and kept ([subject, count, why])."""

    __tablename__ = "erasure_reports"

    erasure_id: Mapped[UUID] = foreign("erasures.id", primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    erased: Mapped[Any] = mapped_column(JSONB)
    kept: Mapped[Any] = mapped_column(JSONB)
    report_time: Mapped[datetime.datetime] = time_column()
