"""Moves of an order along its states, with one history row and one public fact each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import etag as etags
from orders.answers import Key, Reply
from orders.domain import states
from orders.domain.model import Order
from orders.domain.states import FulfilmentState, PaymentState, PlacementInProgress, Verb
from orders.fulfilment import events
from orders.fulfilment.changing import Change, change_order
from orders.infrastructure import Infrastructure
from orders.payments import domain as payments
from orders.payments import recording as payment_recording
from orders.payments.errors import OrderNotPaid
from orders.shared import recording as shared_recording
from orders.shipments import recording
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


def _move(order: Order, cmd: MoveOrder) -> states.State:
    """The state it came from. Raises EtagMismatch, IllegalMove, OrderNotPaid, PlacementInProgress."""
    etags.check("order", cmd.etag, order.version)
    came = order.state
    moved = states.move(came, cmd.verb, order.fulfilment_state)
    if cmd.verb is Verb.PROCESS and not payments.may_process(order):
        raise OrderNotPaid(order.id)
    if order.claim is not None and order.claim.live:
        raise PlacementInProgress(order.id)
    order.state = moved
    order.fulfilment_state = _FULFILMENT.get(cmd.verb, order.fulfilment_state)
    if cmd.verb is Verb.CANCEL and order.payment_state is PaymentState.OPEN:
        order.payment_state = PaymentState.NONE
    return came


async def move_order(infra: Infrastructure, cmd: MoveOrder, reply: Reply[R]) -> R:
    """Stock and budget follow the public facts, once.

    Raises OrderNotFound, EtagMismatch, IllegalMove, OrderNotPaid, PlacementInProgress, RequestIdReused.
    """

    async def work(change: Change) -> R:
        await move(infra, change, cmd)
        return reply.build(change.order)

    return await change_order(infra, cmd.order_id, cmd.key, reply.parse, work)


async def move(infra: Infrastructure, change: Change, cmd: MoveOrder) -> None:
    """In the transaction of the change. Raises EtagMismatch, IllegalMove, OrderNotPaid, PlacementInProgress."""
    came = _move(change.order, cmd)
    if cmd.verb is Verb.CANCEL and change.order.place_time is not None:
        await payment_recording.order_changed(infra, change.session, change.order)
    await change.record(_PAST[cmd.verb], came, cmd.reason)
    if cmd.verb in (Verb.CANCEL, Verb.PROCESS) and change.order.shared:
        actor = shared_recording.actor_of(change.caller, change.actor)
        await shared_recording.ended(change.session, change.order, actor, cmd.reason)
    shipment_id = await _goods(change, cmd.verb)
    if cmd.verb is Verb.CANCEL and change.order.parties.assistance is not None:
        await figures.uncount(change.connection, change.order.id)
    if cmd.verb is not Verb.SHIP or came is states.State.PROCESSING:
        events.add(change.session, cmd.verb, change.order, shipment_id)


async def _goods(change: Change, verb: Verb) -> UUID | None:
    """What leaves or arrives with the move. The shipment, if there is one."""
    if verb is Verb.SHIP:
        return await recording.ship_everything(change)
    if verb is Verb.DELIVER:
        await recording.deliver_everything(change)
    return None
