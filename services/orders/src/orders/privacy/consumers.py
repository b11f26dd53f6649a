"""Exports and erasures as customers asks for them. Both may be repeated at any point: parts are replaced, and what is
erased is not found again."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import idempotency, ids
from chassis.consumer import Permanent, Subscription
from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.errors import Unavailable
from chassis.pieces import Collecting
from orders.attachments.blobs import BlobStore
from orders.privacy import collecting, erasing
from orders.privacy.client import DataProtectionClient
from orders.privacy.erasing import Scope

DURABLE = "orders-data-protection"
_PREFIX = "commis.customers.v1"


class StillSettling(Unavailable):
    """What began before the erasure may still be writing; it is looked at once more, and only then reported."""

    reason = "ERASURE_SETTLING"

    def __init__(self, erasure_id: UUID) -> None:
        super().__init__(f"Erasure {erasure_id} is looked at once more.", erasure_id=erasure_id)


class DataProtection:
    """`settle_seconds`: longer than any request or event handler lives that had read before the erasure."""

    def __init__(
        self, sessions: Sessions, blobs: BlobStore, client: DataProtectionClient, settle_seconds: float
    ) -> None:
        self._sessions = sessions
        self._blobs = blobs
        self._client = client
        self._settle = settle_seconds
        self._collecting = Collecting()

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription(
                stream="COMMIS_CUSTOMERS",
                durable=DURABLE,
                subjects=(f"{_PREFIX}.data_export_requested", f"{_PREFIX}.erasure_requested"),
                prepare=self.prepare,
                handler=_done,
                workers=2,
                batch=1,
            )
        ]

    async def prepare(self, event: Any, meta: Meta) -> None:
        if isinstance(event, events_pb2.DataExportRequested):
            export_id = _id(event.data_export_id)
            await self._collecting.run(export_id, lambda: self._hand_in(export_id, event))
        else:
            await self._erase(event, meta)

    async def _hand_in(self, export_id: UUID, event: events_pb2.DataExportRequested) -> None:
        account_id, person_id = _id(event.account_id), _id(event.person_id) if event.person_id else None
        await collecting.hand_in(self._sessions, self._client, export_id, account_id, person_id)

    async def _erase(self, event: events_pb2.ErasureRequested, meta: Meta) -> None:
        erasure_id = _id(event.erasure_id)
        emails, needles = await self._client.subjects(erasure_id)
        scope = Scope(
            erasure_id=erasure_id,
            account_id=_id(event.account_id),
            person_id=_id(event.person_id) if event.person_id else None,
            emails=tuple(email.lower() for email in emails),
        )
        await erasing.erase(self._sessions, self._blobs, scope)
        async with self._sessions.begin() as session:
            await idempotency.forget(session, needles)
        if datetime.datetime.now(datetime.UTC) - meta.time < datetime.timedelta(seconds=self._settle):
            raise StillSettling(erasure_id)
        erased, kept = await erasing.counted(self._sessions, scope)
        await self._client.report(erasure_id, erased, kept)


async def _done(_session: AsyncSession, _event: Any, _prepared: None) -> None:
    """The inbox row is all there is to write."""


def _id(text: str) -> UUID:
    parsed = ids.parse_id(text)
    if parsed is None:
        raise Permanent(f"not an id: {text!r}")
    return parsed
