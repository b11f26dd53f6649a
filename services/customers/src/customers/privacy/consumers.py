"""customers hands in its own part of an export as the others do: by the event, outside of the request."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from commis.customers.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import ids
from chassis.consumer import Permanent, Subscription
from chassis.db import Sessions
from chassis.envelope import Meta
from customers.privacy import collecting

DURABLE = "customers-data-exports"


def subscriptions(sessions: Sessions) -> list[Subscription]:
    async def prepare(event: Any, _meta: Meta) -> None:
        """Repeating it replaces the same parts."""
        assert isinstance(event, events_pb2.DataExportRequested)
        person_id = _id(event.person_id) if event.person_id else None
        await collecting.hand_in(sessions, _id(event.data_export_id), _id(event.account_id), person_id)

    return [
        Subscription(
            stream="COMMIS_CUSTOMERS",
            durable=DURABLE,
            subjects=("commis.customers.v1.data_export_requested",),
            prepare=prepare,
            handler=_done,
            workers=1,
            batch=1,
        )
    ]


async def _done(_session: AsyncSession, _event: Any, _prepared: None) -> None:
    """The inbox row is all there is to write."""


def _id(text: str) -> UUID:
    parsed = ids.parse_id(text)
    if parsed is None:
        raise Permanent(f"not an id: {text!r}")
    return parsed
