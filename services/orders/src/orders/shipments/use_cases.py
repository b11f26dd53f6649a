"""Shipments one by one: what leaves, how it travels, that it arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import etag as etags
from orders import access, store
from orders.answers import Key
from orders.domain import states
from orders.domain.states import FulfilmentState, State, Verb
from orders.fulfilment import events as facts
from orders.fulfilment.changing import Change, change_order
from orders.infrastructure import Infrastructure
from orders.shipments import domain, events, recording
from orders.shipments import store as shipments
from orders.shipments.domain import (
    Consignment,
    OpenLine,
    Shipment,
    ShipmentDelivered,
    ShipmentNotFound,
    Wanted,
)

R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a shipment becomes the answer of an RPC, and how a stored answer is read again."""

    build: Callable[[Shipment], Message]
    parse: Callable[[bytes], Message]


@dataclass(frozen=True, slots=True)
class CreateShipment:
    order_id: UUID
    consignment: Consignment
    wanted: tuple[Wanted, ...]
    etag: str = ""
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class UpdateShipment:
    """`changes` by field of the consignment; `etag` is the shipment's. `order_id`: whose it is said to be."""

    shipment_id: UUID
    changes: Mapping[str, str | int]
    order_id: UUID | None = None
    etag: str = ""
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class DeliverShipment:
    order_id: UUID
    shipment_id: UUID
    key: Key | None = None


async def create_shipment(infra: Infrastructure, cmd: CreateShipment, answer: Answer) -> Message:
    """Raises OrderNotFound, EtagMismatch, IllegalMove, InvalidFields, TooManyShipments, RequestIdReused."""

    async def work(change: Change) -> Message:
        order = change.order
        etags.check("order", cmd.etag, order.version)
        came = order.state
        order.state = states.move(came, Verb.SHIP, order.fulfilment_state)
        earlier = await shipments.shipments_of(change.connection, order.id)
        lines = await shipments.what_is_open(change.connection, order, earlier)
        leaving = domain.choose(lines, cmd.wanted)
        domain.check_room(earlier, leaving)
        complete = domain.is_complete(lines, leaving)
        order.fulfilment_state = FulfilmentState.SHIPPED if complete else FulfilmentState.PARTLY_SHIPPED
        position = len(earlier) + 1
        await change.record("shipped", came, f"shipment {position}")
        made = await recording.add(change, cmd.consignment, leaving, position=position, complete=complete)
        if came is State.PROCESSING:
            facts.add(change.session, Verb.SHIP, order, made.id)
        return answer.build(made)

    return await change_order(infra, cmd.order_id, cmd.key, answer.parse, work)


async def update_shipment(infra: Infrastructure, cmd: UpdateShipment, answer: Answer) -> Message:
    """How it travels, at any time. Raises ShipmentNotFound, EtagMismatch, RequestIdReused."""
    async with infra.engine.connect() as connection:
        order_id = await shipments.order_of(connection, cmd.shipment_id)
    if order_id is None or cmd.order_id not in (None, order_id):
        raise ShipmentNotFound(cmd.shipment_id)

    async def work(change: Change) -> Message:
        found = await _find(change, cmd.shipment_id)
        etags.check("shipment", cmd.etag, found.version)
        travels = replace(found.consignment, **cmd.changes)  # type: ignore[arg-type]  # checked by name
        changed = replace(found, consignment=travels, version=found.version + 1)
        await change.record("shipment_changed", change.order.state, f"shipment {found.position}")
        await shipments.change(change.connection, changed)
        return answer.build(changed)

    return await change_order(infra, order_id, cmd.key, answer.parse, work)


async def deliver_shipment(infra: Infrastructure, cmd: DeliverShipment, answer: Answer) -> Message:
    """With the last one of an order that has shipped wholly the order is DELIVERED.

    Raises OrderNotFound, ShipmentNotFound, ShipmentDelivered, RequestIdReused.
    """

    async def work(change: Change) -> Message:
        order, came = change.order, change.order.state
        found = await _find(change, cmd.shipment_id)
        if found.deliver_time is not None:
            raise ShipmentDelivered(cmd.shipment_id)
        others = await shipments.shipments_of(change.connection, order.id)
        under_way = [each for each in others if each.deliver_time is None and each.id != found.id]
        last = order.fulfilment_state is FulfilmentState.SHIPPED and not under_way
        if last:
            order.state = states.move(came, Verb.DELIVER, order.fulfilment_state)
            order.fulfilment_state = FulfilmentState.DELIVERED
        action = "delivered" if last else "shipment_delivered"
        await change.record(action, came, f"shipment {found.position}")
        await shipments.deliver(change.connection, [found.id], change.now)
        events.delivered(change.session, order, found.id)
        if last:
            facts.add(change.session, Verb.DELIVER, order)
        return answer.build(replace(found, deliver_time=change.now, version=found.version + 1))

    return await change_order(infra, cmd.order_id, cmd.key, answer.parse, work)


async def _find(change: Change, shipment_id: UUID) -> Shipment:
    for each in await shipments.shipments_of(change.connection, change.order.id):
        if each.id == shipment_id:
            return each
    raise ShipmentNotFound(shipment_id)


async def list_shipments(infra: Infrastructure, order_id: UUID) -> tuple[list[Shipment], list[OpenLine]]:
    """The shipments, and what every placed line still has to come. Raises OrderNotFound."""
    async with infra.engine.connect() as connection:
        order = await store.find(connection, order_id)
        found = await shipments.shipments_of(connection, order_id)
        lines = [] if order is None else await shipments.what_is_open(connection, order, found)
    await access.check_visible(infra.ports.customers, access.caller(), order, order_id)
    return found, lines
