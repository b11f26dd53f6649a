"""Moves of an order along its states, with one history row and one public fact each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import etag as etags
from chassis.errors import DeadlineExceeded, Unavailable
from orders import access, answers, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key, Reply
from orders.domain import states
from orders.domain.errors import OrderNotFound
from orders.domain.model import HistoryEntry, Order
from orders.domain.parties import Party
from orders.domain.states import FulfilmentState, PaymentState, PlacementInProgress, Verb
from orders.fulfilment import events
from orders.infrastructure import Infrastructure
from orders.statistics import store as figures

R = TypeVar("R", bound=Message)
_PAST = {
    Verb.CANCEL: "cancelled",
    Verb.PROCESS: "processed",
    Verb.SHIP: "shipped",
    Verb.DELIVER: "delivered",
    Verb.CLOSE: "closed",
}
_FULFILMENT = {
    Verb.SHIP: FulfilmentState.SHIPPED,
    Verb.DELIVER: FulfilmentState.DELIVERED,
    Verb.CANCEL: FulfilmentState.NONE,
}


@dataclass(frozen=True, slots=True)
class MoveOrder:
    order_id: UUID
    verb: Verb
    etag: str = ""
    reason: str = ""
    key: Key | None = None


async def _actor(infra: Infrastructure, caller: Caller, order: Order) -> Party:
    """Who moves it, by name. Staff go on without the name while customers cannot answer."""
    try:
        return (await access.context_of(infra.ports.customers, caller, order)).actor
    except (Unavailable, DeadlineExceeded):
        if not caller.everything:
            raise
        return Party(caller.actor_kind, caller.actor_id)


def _move(order: Order, cmd: MoveOrder) -> states.State:
    """The state it came from. Raises EtagMismatch, IllegalMove, PlacementInProgress."""
    etags.check("order", cmd.etag, order.version)
    came = order.state
    moved = states.move(came, cmd.verb)
    if order.claim is not None and order.claim.live:
        raise PlacementInProgress(order.id)
    order.state = moved
    order.fulfilment_state = _FULFILMENT.get(cmd.verb, order.fulfilment_state)
    if cmd.verb is Verb.CANCEL and order.payment_state is PaymentState.OPEN:
        order.payment_state = PaymentState.NONE
    order.cart = False
    order.version += 1
    return came


async def move_order(infra: Infrastructure, cmd: MoveOrder, reply: Reply[R]) -> R:
    """Stock and budget follow the public fact, once. Nothing else of a cancelled order has to be undone yet.

    Raises OrderNotFound, EtagMismatch, IllegalMove, PlacementInProgress, RequestIdReused.
    """
    caller = access.caller()
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, cmd.key)
        seen = await store.find(connection, cmd.order_id)
    if seen is None or not caller.sees(seen):
        raise OrderNotFound(cmd.order_id)
    actor = await _actor(infra, caller, seen)
    if stored is not None:
        return reply.parse(stored)
    try:
        return await _write(infra, cmd, caller, actor, reply)
    except AlreadyAnswered:
        async with infra.engine.connect() as connection:
            stored = await answers.find(connection, cmd.key)
        return reply.parse(stored or b"")


async def _write(infra: Infrastructure, cmd: MoveOrder, caller: Caller, actor: Party, reply: Reply[R]) -> R:
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await store.lock(connection, cmd.order_id)
        if order is None:
            raise OrderNotFound(cmd.order_id)
        stored = await answers.find(connection, cmd.key)
        if stored is not None:  # an identical request was faster
            return reply.parse(stored)
        came = _move(order, cmd)
        order.update_time = infra.clock()
        entry = HistoryEntry(
            sequence=order.version,
            time=order.update_time,
            actor=actor,
            account_id=order.account_id,
            channel=caller.channel,
            action=_PAST[cmd.verb],
            from_state=came,
            to_state=order.state,
            detail=cmd.reason,
        )
        await store.move(connection, order, entry)
        if cmd.verb is Verb.CANCEL and order.parties.assistance is not None:
            await figures.uncount(connection, order.id)
        answer = reply.build(order)
        await answers.store(connection, cmd.key, answer)
        events.add(session, cmd.verb, order)
    return answer
