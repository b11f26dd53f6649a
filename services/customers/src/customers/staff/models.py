"""The table of staff members."""

from __future__ import annotations

import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from customers.database import Base, foreign, time_column


class StaffMember(Base):
    """Somebody of the vendor. Name, e-mail and language are the person's."""

    __tablename__ = "staff_members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = foreign("persons.id", unique=True)
    roles: Mapped[list[str]]
    active: Mapped[bool] = mapped_column(server_default=sa.text("true"))
    version: Mapped[int] = mapped_column(server_default="1")
    create_time: Mapped[datetime.datetime] = time_column()
    update_time: Mapped[datetime.datetime] = time_column()
