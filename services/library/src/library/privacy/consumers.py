"""Exports and erasures as customers asks for them; both may be repeated at any point."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import idempotency, ids
from chassis.consumer import Permanent, Subscription
from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.pieces import Collecting
from library.privacy import holdings
from library.privacy.client import DataProtectionClient, Item

DURABLE = "library-data-protection"
_PREFIX = "commis.customers.v1"


class DataProtection:
    def __init__(self, sessions: Sessions, client: DataProtectionClient) -> None:
        self._sessions = sessions
        self._client = client
        self._collecting = Collecting()

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription(
                stream="COMMIS_CUSTOMERS",
                durable=DURABLE,
                subjects=(f"{_PREFIX}.data_export_requested", f"{_PREFIX}.erasure_requested"),
                prepare=self.prepare,
                handler=_done,
                workers=1,
                batch=1,
            )
        ]

    async def prepare(self, event: Any, _meta: Meta) -> None:
        account_id = _id(event.account_id)
        whole = not event.person_id
        if isinstance(event, events_pb2.DataExportRequested):
            export_id = _id(event.data_export_id)
            about = account_id if whole else None
            await self._collecting.run(
                export_id, lambda: holdings.hand_in(self._sessions, self._client, export_id, about)
            )
            return
        erasure_id = _id(event.erasure_id)
        _emails, needles = await self._client.subjects(erasure_id)
        async with self._sessions.begin() as session:
            if whole:
                await holdings.erase(session, account_id)
            await idempotency.forget(session, needles)
        erased: list[Item] = []
        kept: list[Item] = []
        if whole:
            async with self._sessions() as session:
                erased, kept = await holdings.counted(session, account_id)
        await self._client.report(erasure_id, erased, kept)


async def _done(_session: AsyncSession, _event: Any, _prepared: None) -> None:
    """The inbox row is all there is to write."""


def _id(text: str) -> UUID:
    parsed = ids.parse_id(text)
    if parsed is None:
        raise Permanent(f"not an id: {text!r}")
    return parsed
