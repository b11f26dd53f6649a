"""An offline order as a draft of ours: found again by its id, or made with every line that an order can have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from commis.orders.v1 import orders_pb2 as pb

from chassis.errors import FieldViolation, InvalidFields
from orders import access, store
from orders.access import Caller
from orders.batches.domain import Note, OfflineOrder, indexed
from orders.domain.errors import OrderIdTaken, OrderNotFound
from orders.domain.model import Order
from orders.infrastructure import Infrastructure
from orders.ports import OrderingContext
from orders.sheets.domain import HeaderChange
from orders.sheets.rpc import reply
from orders.sheets.use_cases import CreateOrder, create_order

_CREATED = reply(pb.CreateOrderResponse)


async def find(infra: Infrastructure, given: OfflineOrder) -> tuple[Order | None, OrderingContext]:
    """What an earlier upload made of it, and the customer's facts.

    Raises AccountNotFound, also when the customer is no longer the caller's; OrderIdTaken for another order, or other
    content, under this id.
    """
    caller = access.caller()
    facts = await access.facts_of(infra.ports.customers, caller, given.account_id)
    order = await store.find_alone(infra.engine, given.order_id)
    if order is not None and not _is_same(caller, order, given):
        raise OrderIdTaken(given.order_id)
    return order, facts


def _is_same(caller: Caller, order: Order, given: OfflineOrder) -> bool:
    return caller.sees(order) and order.create_fingerprint == given.fingerprint


async def enter(infra: Infrastructure, given: OfflineOrder, facts: OrderingContext) -> Order:
    """The new draft. Lines that no order can have (unknown, discontinued ...) are kept in its note.

    Raises what `create_order` raises for everything else, and for such lines when they are too many for a note.
    """
    lines = tuple(each.fields for each in given.lines)
    command = CreateOrder(given.account_id, lines, given.header, given.order_id, given.fingerprint)
    try:
        await create_order(infra, command, _CREATED)
    except InvalidFields as error:
        await create_order(infra, _without(command, error, facts.language), _CREATED)
    order = await store.find_alone(infra.engine, given.order_id)
    if order is None:
        raise OrderNotFound(given.order_id)
    return order


def _without(command: CreateOrder, error: InvalidFields, language: str) -> CreateOrder:
    """Raises `error` when the order cannot be had without single lines either."""
    refused = indexed(error.violations)
    if refused is None:
        raise error
    values: dict[str, Any] = dict(command.header.values)
    note = Note(values.get("note", ""), language)
    for index, why in refused.items():
        note.add(command.lines[index], why.description)
    text = note.whole()
    if text is None:
        raise InvalidFields([*error.violations, _too_long()])
    kept = tuple(line for index, line in enumerate(command.lines) if index not in refused)
    return replace(command, lines=kept, header=HeaderChange(values | {"note": text}))


def _too_long() -> FieldViolation:
    return FieldViolation("note", "has no room for the lines that cannot be entered", "TOO_LONG")
