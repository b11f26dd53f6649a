"""Every event of every service becomes an entry of the audit."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib
import re
from collections.abc import Sequence
from typing import Any

from commis.common.v1 import common_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumer import Subscription
from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.logs import log
from customers.audit import checkpoints, store
from customers.audit.authors import Authors
from customers.audit.store import Fact
from customers.keys.signing import Keyring
from customers.vault import Vault

SERVICES = ("customers", "catalog", "orders", "library", "notifications")
# Where the classes of events are declared, beside events.proto of each service.
_DECLARED_ELSEWHERE = ("commis.orders.v1.shared_orders_pb2",)
DURABLE = "customers-audit"
BATCH = 100
# The audit may be a little late; in exchange one transaction serves many events, also under moderate load.
LINGER_SECONDS = 0.25
_MAX_TEXT = 200
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def subscriptions(vault: Vault, keyring: Keyring) -> list[Subscription]:
    """One per stream: a consumer belongs to one stream."""
    handler = AuditHandler(vault, keyring)
    for service in SERVICES:  # the event classes are found by name once their modules are loaded
        importlib.import_module(f"commis.{service}.v1.events_pb2")
    for module in _DECLARED_ELSEWHERE:
        importlib.import_module(module)
    return [
        Subscription(
            stream=f"COMMIS_{service.upper()}",
            durable=DURABLE,
            subjects=(_subject(service),),
            prepare=_linger,
            handle_many=handler.record,
            batch=BATCH,
            workers=1,  # the entries stay in the order of the stream
        )
        for service in SERVICES
    ]


def _subject(service: str) -> str:
    """Everything, but not that an account's live feed has grown: what it grew by was an event of its own."""
    return f"commis.{service}.v1.*" if service == "notifications" else f"commis.{service}.>"


async def _linger(_event: Any, _meta: Meta) -> None:
    """While one batch waits here, outside of any transaction, the next one fills."""
    await asyncio.sleep(LINGER_SECONDS)


class AuditHandler:
    def __init__(self, vault: Vault, keyring: Keyring) -> None:
        self._authors = Authors()
        self._vault = vault
        self._keyring = keyring

    async def record(self, session: AsyncSession, events: Sequence[tuple[Any, Meta, Any]]) -> None:
        """Append the batch in stream order; sign a checkpoint whenever a thousand more are there."""
        facts = [fact(event, meta) for event, meta, _prepared in events]
        head = await store.append(session, self._vault, self._authors, facts)
        if (head.sequence - len(facts)) // checkpoints.EVERY != head.sequence // checkpoints.EVERY:
            await checkpoints.write(session, self._keyring, head)


def action_of(event_type: str) -> str:
    """`commis.orders.v1.order_placed` for the type `commis.orders.v1.OrderPlaced`."""
    package, _, name = event_type.rpartition(".")
    return f"{package}.{_CAMEL.sub('_', name).lower()}"


def fact(event: Any, meta: Meta) -> Fact:
    """Reads the attribution, field 1 of every event, and nothing else of it."""
    said: common_pb2.Attribution = event.attribution
    return Fact(
        event_id=meta.id,
        actor_kind=_kind(said.actor.kind),
        actor_id=said.actor.id[:_MAX_TEXT],
        client_address=said.client_address[:_MAX_TEXT],
        account_id=said.account_id[:_MAX_TEXT],
        channel=_channel(said.channel),
        action=action_of(meta.type),
        subject_id=meta.aggregate_id[:_MAX_TEXT],
        order_id=said.order_id[:_MAX_TEXT],
        occur_time=_occurred(said, meta),
        request_id=said.request_id[:_MAX_TEXT],
    )


def _occurred(said: common_pb2.Attribution, meta: Meta) -> datetime.datetime:
    if said.HasField("occur_time"):
        try:
            return said.occur_time.ToDatetime(tzinfo=datetime.UTC)
        except (ValueError, OverflowError):
            return meta.time
    return meta.time


def _kind(number: int) -> str:
    known = number in common_pb2.PartyKind.values()
    return common_pb2.PartyKind.Name(number if known else 0).removeprefix("PARTY_KIND_")  # type: ignore[arg-type]


def _channel(number: int) -> str:
    known = number in common_pb2.Channel.values()
    return common_pb2.Channel.Name(number if known else 0).removeprefix("CHANNEL_")  # type: ignore[arg-type]


class Checkpoints:
    """A background task: once a minute, sign where the chain is if it grew."""

    SECONDS = 60.0

    def __init__(self, sessions: Sessions, vault: Vault, keyring: Keyring) -> None:
        self._sessions = sessions
        self._vault = vault
        self._keyring = keyring
        self._stop = asyncio.Event()

    async def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        self._stop.clear()
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self.SECONDS)
            try:
                await checkpoints.write_if_grown(self._sessions, self._vault, self._keyring)
            except Exception as error:  # the next minute tries again
                log.warning("audit checkpoint not written", error=repr(error))
