"""The public facts of a request for approval."""

from __future__ import annotations

from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from orders import wire
from orders.attribution import attribution
from orders.domain.model import Order


def requested(session: AsyncSession, order: Order) -> None:
    event = events_pb2.ApprovalRequested(
        attribution=attribution(order.update_time, account_id=order.account_id, order_id=order.id),
        order_id=str(order.id),
        account_id=str(order.account_id),
        total=wire.amount(order.totals.total, order.currency),
        aggregate_version=order.version,
    )
    _add(session, order, "approval_requested", event)


def refused(
    session: AsyncSession, order: Order, *, decided: bool, told: common_pb2.Attribution | None = None
) -> None:
    """`decided`: by an administrator. `told`: who did what ended it, when that is not the current request."""
    assert order.approval is not None
    event = events_pb2.ApprovalRefused(
        attribution=told or attribution(order.update_time, account_id=order.account_id, order_id=order.id),
        order_id=str(order.id),
        account_id=str(order.account_id),
        requester_id=order.approval.requested_by.id,
        decided=decided,
        shared=order.shared,
        aggregate_version=order.version,
    )
    _add(session, order, "approval_refused", event)


def _add(
    session: AsyncSession,
    order: Order,
    fact: str,
    event: events_pb2.ApprovalRequested | events_pb2.ApprovalRefused,
) -> None:
    outbox.add(
        session,
        event,
        subject=f"commis.orders.v1.{fact}",
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )
