"""The transaction that ends a placing attempt where spending control wants somebody else's word first."""

from __future__ import annotations

import datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import crash
from orders import answers, rows, store
from orders.access import Caller
from orders.answers import Key, Reply
from orders.approval import domain, events
from orders.domain.model import HistoryEntry, Line, Order
from orders.domain.parties import Party
from orders.domain.states import PlacementInProgress, State
from orders.infrastructure import Infrastructure
from orders.placing.domain import Accepted
from orders.ports import OrderingContext
from orders.sheets.domain import parties_of

R = TypeVar("R", bound=Message)


async def ask(
    requester: Party,
    infra: Infrastructure,
    key: Key,
    accepted: Accepted,
    caller: Caller,
    attempt: UUID,
    order: Order,
    context: OrderingContext,
    changed: list[Line],
    reply: Reply[R],
) -> R:
    """Let the order wait, if the claim of `attempt` still lives; nothing of it is held meanwhile. `requester`: whose
    order it is to approve, which is not the caller when the vendor gave the last word to a shared order.

    Raises PlacementInProgress when it does not, AlreadyAnswered when the request_id was used meanwhile.
    """
    entry = _waits(order, requester, context, caller, accepted, infra.clock())
    asked = {
        **rows.parties_row(order.parties),
        "id": order.id,
        "attempt": attempt,
        "version": order.version,
        "state": order.state,
        "approval": rows.approval_json(order.approval),
        "update_time": order.update_time,
    }
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        if not await store.ask(connection, asked, entry, changed):
            raise PlacementInProgress(order.id)
        answer = reply.build(order)
        await answers.store(connection, key, answer)
        events.requested(session, order)
        crash.point("ask_before_commit")
    return answer


def _waits(
    order: Order,
    requester: Party,
    context: OrderingContext,
    caller: Caller,
    accepted: Accepted,
    now: datetime.datetime,
) -> HistoryEntry:
    came = order.state
    order.parties = parties_of(context, caller.channel, order.header.payment_method)
    order.approval = domain.request(order, requester, accepted, now)
    order.state = State.PENDING_APPROVAL
    order.cart = False
    order.version += 1
    order.update_time = now
    return HistoryEntry(
        sequence=order.version,
        time=now,
        actor=context.actor,
        account_id=order.account_id,
        channel=caller.channel,
        action="approval_requested",
        from_state=came,
        to_state=order.state,
    )
