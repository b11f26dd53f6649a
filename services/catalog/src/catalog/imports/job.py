"""What appliers know of the job they work for."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.imports.domain import Record, Verdict
from chassis.db import Sessions


@dataclass(frozen=True, slots=True)
class Job:
    """`language` names new categories; `country` is the vendor's; `today` is the business day the job began to
    run. `source_address` is where the file is fetched, when it was not uploaded."""

    id: UUID
    kind: str
    format: str
    file_name: str
    encoding: str
    total_bytes: int
    record_number: int
    actor_id: str
    attribution: bytes
    language: str
    country: str
    today: datetime.date
    sessions: Sessions
    source_address: str = ""


class Applier(Protocol):
    """Takes batches of records of one kind."""

    def key(self, record: Record) -> str:
        """Neighbours with the same key stay in one batch."""
        ...

    async def prepare(self, job: Job, records: Sequence[Record]) -> None:
        """What must be committed before the batch, in transactions of its own."""
        ...

    async def apply(self, session: AsyncSession, job: Job, records: Sequence[Record]) -> list[Verdict]:
        """One verdict per record, in their order; refused records leave no trace but that."""
        ...
