"""Approve what somebody asked for, or send it back: an administrator of the account decides, never on the own order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import etag as etags
from orders import access, answers, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key, Reply
from orders.approval import domain, events
from orders.domain import states
from orders.domain.errors import OrderNotFound
from orders.domain.model import Order
from orders.domain.parties import Party, Spender
from orders.domain.states import PlacementInProgress, State, Verb
from orders.infrastructure import Infrastructure
from orders.placing.claiming import PlaceOrder
from orders.placing.domain import OrderNotPlaceable
from orders.placing.use_cases import place_order
from orders.ports import OrderingContext
from orders.shared import store as sheets

R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class RejectOrder:
    order_id: UUID
    reason: str
    etag: str = ""
    key: Key | None = None


async def _seen(infra: Infrastructure, caller: Caller, order_id: UUID) -> tuple[Order, OrderingContext]:
    """The order and what customers says about the caller. Raises OrderNotFound."""
    async with infra.engine.connect() as connection:
        order = await store.find(connection, order_id)
    if order is None:
        raise OrderNotFound(order_id)
    return order, await access.context_of(infra.ports.customers, caller, order)


async def approve_order(infra: Infrastructure, cmd: PlaceOrder, reply: Reply[R]) -> R:
    """Place exactly what was asked for, by the way every order is placed. When that cannot be had any more (another
    price, other terms) the order is a draft again.

    Raises ApprovalNotAllowed and what `place_order` raises.
    """
    caller = access.caller()
    order, facts = await _seen(infra, caller, cmd.order_id)
    domain.check_decider(caller, order, facts)
    try:
        return await place_order(infra, cmd, reply)
    except OrderNotPlaceable as refusal:
        if domain.ENDING.isdisjoint(finding.reason for finding in refusal.violations):
            raise
        version = await _end(infra, caller, cmd.order_id, facts.actor, refusal)
        raise OrderNotPlaceable(cmd.order_id, refusal.violations, etags.format(version)) from None


async def _end(
    infra: Infrastructure, caller: Caller, order_id: UUID, actor: Party, refusal: OrderNotPlaceable
) -> int:
    """Nobody can approve this any more. New prices have ended it already. The version of the order afterwards."""
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await store.lock(connection, order_id)
        if order is None:
            raise OrderNotFound(order_id)
        same = etags.format(order.version) == refusal.metadata["current_etag"]
        claimed = order.claim is not None and order.claim.live
        if order.state is not State.PENDING_APPROVAL or not same or claimed:
            return order.version
        entry = domain.ended(order, infra.clock(), actor, caller.channel, action="approval_ended")
        await store.move(connection, order, entry)
        events.refused(session, order, decided=False)
        return order.version


async def reject_order(infra: Infrastructure, cmd: RejectOrder, reply: Reply[R]) -> R:
    """Back to a draft: an administrator refuses, or the one who asked takes it back.

    Raises OrderNotFound, ApprovalNotAllowed, EtagMismatch, IllegalMove, PlacementInProgress, RequestIdReused.
    """
    caller = access.caller()
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, cmd.key)
    order, facts = await _seen(infra, caller, cmd.order_id)
    own = domain.asked_by_caller(caller, order)
    if not own:
        domain.check_decider(caller, order, facts)
    if stored is not None:
        return reply.parse(stored)
    try:
        return await _rejected(infra, cmd, caller, facts.actor, reply)
    except AlreadyAnswered:
        async with infra.engine.connect() as connection:
            stored = await answers.find(connection, cmd.key)
        return reply.parse(stored or b"")


async def _rejected(
    infra: Infrastructure, cmd: RejectOrder, caller: Caller, actor: Party, reply: Reply[R]
) -> R:
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await store.lock(connection, cmd.order_id)
        if order is None:
            raise OrderNotFound(cmd.order_id)
        stored = await answers.find(connection, cmd.key)
        if stored is not None:  # an identical request was faster
            return reply.parse(stored)
        etags.check("order", cmd.etag, order.version)
        states.move(order.state, Verb.REJECT)
        if order.claim is not None and order.claim.live:
            raise PlacementInProgress(order.id)
        decided = not domain.asked_by_caller(caller, order)
        action = "approval_refused" if decided else "approval_ended"
        entry = domain.ended(
            order,
            infra.clock(),
            actor,
            caller.channel,
            action=action,
            by=actor if decided else None,
            reason=cmd.reason,
        )
        await store.move(connection, order, entry)
        if decided and order.shared:  # and is not placed on the vendor's word, whatever the limit
            assert order.approval is not None, "an order that waits knows who asked"
            await sheets.set_spender(connection, order.id, Spender(order.approval.requested_by, None))
        answer = reply.build(order)
        await answers.store(connection, cmd.key, answer)
        events.refused(session, order, decided=decided)
    return answer
