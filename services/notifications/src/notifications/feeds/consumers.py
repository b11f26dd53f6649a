"""Events of orders and library become entries of the account's feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from chassis.consumer import Subscription
from chassis.envelope import Meta
from notifications import order_facts
from notifications.feeds import facts, store, wire
from notifications.feeds.store import Entry

DURABLE = "notifications-feeds"
SUBJECT = "commis.notifications.v1.feeds."
# News may come a quarter of a second later; together they cost much less, and many changes of one sheet are one.
LINGER_SECONDS = 0.25
BATCH = 200
_SHEETS = "commis.orders.v1.sheets.*"


async def write(session: AsyncSession, batch: Sequence[tuple[Any, Meta, Any]]) -> None:
    """Those who follow a feed are told once per batch and account: they read what they have not had."""
    told = facts.coalesced([facts.fact(event, meta) for event, meta, _ in batch])
    newest: dict[UUID, Entry] = {}
    for entry in await store.append(session, told):
        newest[entry.fact.account_id] = entry
    for account_id, entry in newest.items():
        outbox.add(
            session,
            wire.appended(entry),
            subject=f"{SUBJECT}{account_id}",
            aggregate_id=str(account_id),
            aggregate_version=entry.sequence,
        )


def subscriptions() -> list[Subscription]:
    return [
        Subscription(
            stream=f"COMMIS_{owner.upper()}",
            durable=DURABLE,
            subjects=subjects,
            batch=BATCH,
            linger=LINGER_SECONDS,
            concerns=facts.concerns,
            handle_many=write,
        )
        for owner, subjects in (
            ("orders", (*order_facts.subjects(facts.OF_ORDERS), _SHEETS)),
            ("library", ("commis.library.v1.budget_changed",)),
        )
    ]
