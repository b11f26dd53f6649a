"""From events of orders and library to what an account's feed tells: kinds, ids and states, nothing else."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.library.v1 import events_pb2 as library
from commis.orders.v1 import events_pb2 as orders
from commis.orders.v1 import orders_pb2, shared_orders_pb2

from chassis import ids
from chassis.consumer import Permanent
from chassis.envelope import Meta
from notifications.order_facts import ORDER_FACTS

SHARED = "shared_order.changed"
# Event -> (type of the entry, state told with it). A shipment that completes its order is told by OrderShipped.
_FIXED: dict[type[Any], tuple[str, str]] = {
    **ORDER_FACTS,
    orders.ApprovalRequested: ("order.changed", "PENDING_APPROVAL"),
    orders.ShipmentCreated: ("order.shipped", "PARTLY_SHIPPED"),
    orders.ShipmentDelivered: ("order.changed", ""),
    orders.OrderMessageWritten: ("order.message", ""),
}
# Beside changes of shared orders, each of which has a subject of its own.
OF_ORDERS = (*_FIXED, orders.ApprovalRefused, orders.PaymentChanged)


@dataclass(frozen=True, slots=True)
class Fact:
    """An entry before it has its number."""

    account_id: UUID
    entry_type: str
    occur_time: datetime.datetime
    order_id: UUID | None
    budget_id: UUID | None
    state: str


def concerns(event: Any) -> bool:
    """Whether anybody may be told: a sheet not sent yet is nobody's news, nor is a cart that was given up."""
    match event:
        case orders.OrderCancelled():
            return event.was_placed or event.approval_asked
        case orders.ShipmentCreated():
            return not event.complete
        case shared_orders_pb2.SheetChanged():
            return event.visible_to == shared_orders_pb2.SIDE_UNSPECIFIED
    return bool(event.account_id)


def fact(event: Any, meta: Meta) -> Fact:
    """Raises Permanent."""
    entry_type, state = _told(event)
    account_id = _id(event.account_id, "account")
    is_budget = isinstance(event, library.BudgetChanged)
    return Fact(
        account_id=account_id,
        entry_type=entry_type,
        occur_time=_occurred(event, meta),
        order_id=None if is_budget else _id(event.order_id, "order"),
        budget_id=_id(event.budget_id, "budget") if is_budget else None,
        state=state,
    )


def _told(event: Any) -> tuple[str, str]:
    match event:
        case shared_orders_pb2.SheetChanged():
            return SHARED, orders_pb2.Order.State.Name(event.state).removeprefix("STATE_")
        case orders.ApprovalRefused():
            return "order.changed", "NEGOTIATING" if event.shared else "DRAFT"
        case library.BudgetChanged():
            return "budget.changed", ""
        case orders.PaymentChanged():
            return "order.payment", event.order_payment_state
    return _FIXED[type(event)]


def _id(text: str, what: str) -> UUID:
    found = ids.parse_id(text)
    if found is None:
        raise Permanent(f"not the id of one {what}: {text!r}")
    return found


def _occurred(event: Any, meta: Meta) -> datetime.datetime:
    said: common_pb2.Attribution = event.attribution
    return said.occur_time.ToDatetime(tzinfo=datetime.UTC) if said.HasField("occur_time") else meta.time


def coalesced(facts: list[Fact]) -> list[Fact]:
    """In one batch, many changes of one shared order are one piece of news, the last."""
    last = {one.order_id: index for index, one in enumerate(facts) if one.entry_type == SHARED}
    return [one for index, one in enumerate(facts) if one.entry_type != SHARED or last[one.order_id] == index]
