"""The skeleton of every change after the sheet: answered before, visible, locked, done, answered."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from chassis.errors import DeadlineExceeded, Unavailable
from orders import access, answers, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key
from orders.domain.errors import OrderNotFound
from orders.domain.model import HistoryEntry, Order
from orders.domain.parties import Party
from orders.domain.states import State
from orders.infrastructure import Infrastructure

R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class Change:
    """A locked order and who changes it."""

    session: AsyncSession
    connection: AsyncConnection
    order: Order
    actor: Party
    caller: Caller
    now: datetime.datetime

    async def record(self, action: str, came: State, detail: str = "") -> None:
        """Counts the change, and writes the order's states with an entry of its history."""
        order = self.order
        order.cart = False
        order.version += 1
        order.update_time = self.now
        entry = HistoryEntry(
            sequence=order.version,
            time=self.now,
            actor=self.actor,
            account_id=order.account_id,
            channel=self.caller.channel,
            action=action,
            from_state=came,
            to_state=order.state,
            detail=detail,
        )
        await store.move(self.connection, order, entry)


async def actor_of(infra: Infrastructure, caller: Caller, order: Order) -> Party:
    """Who acts, by name. Staff go on without the name while customers cannot answer. Raises OrderNotFound."""
    try:
        return (await access.context_of(infra.ports.customers, caller, order)).actor
    except (Unavailable, DeadlineExceeded):
        if not caller.everything:
            raise
        return Party(caller.actor_kind, caller.actor_id)


async def change_order(
    infra: Infrastructure,
    order_id: UUID,
    key: Key | None,
    parse: Callable[[bytes], R],
    work: Callable[[Change], Awaitable[R]],
) -> R:
    """`work` in one transaction, and its answer; of identical requests only one does it.

    Raises OrderNotFound, RequestIdReused, and what `work` raises.
    """
    caller = access.caller()
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, key)
        seen = await store.find(connection, order_id)
    if seen is None or not caller.sees(seen):
        raise OrderNotFound(order_id)
    actor = await actor_of(infra, caller, seen)
    if stored is not None:
        return parse(stored)
    try:
        async with infra.sessions.begin() as session:
            connection = await session.connection()
            order = await store.lock(connection, order_id)
            if order is None:
                raise OrderNotFound(order_id)
            stored = await answers.find(connection, key)
            if stored is not None:  # an identical request was faster
                return parse(stored)
            answer = await work(Change(session, connection, order, actor, caller, infra.clock()))
            await answers.store(connection, key, answer)
        return answer
    except AlreadyAnswered:
        async with infra.engine.connect() as connection:
            stored = await answers.find(connection, key)
        return parse(stored or b"")
