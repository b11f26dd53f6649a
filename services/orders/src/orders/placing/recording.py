"""The transactions that end a placing attempt: the order is placed, or its sheet shows the prices of now."""

from __future__ import annotations

import datetime
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import crash, outbox
from orders import answers, store
from orders.access import Caller
from orders.answers import Key, Reply
from orders.domain import costing, states
from orders.domain.model import HistoryEntry, Line, Order, TermsAcceptance
from orders.domain.states import FulfilmentState, PaymentState, PlacementInProgress, Verb
from orders.infrastructure import Infrastructure
from orders.placing import events
from orders.placing.domain import Accepted
from orders.placing.holds import Held
from orders.placing.store import Picture
from orders.ports import OrderingContext
from orders.sheets.domain import check_payment_choice, parties_of, settle_basis

R = TypeVar("R", bound=Message)


def _freeze(
    order: Order, context: OrderingContext, caller: Caller, accepted: Accepted, now: datetime.datetime
) -> None:
    """Raises IllegalMove; InvalidFields for a representative with an online payment."""
    check_payment_choice(order.header.payment_method, caller.actor_kind)
    order.state = states.move(order.state, Verb.PLACE)
    order.payment_state = PaymentState.OPEN
    order.fulfilment_state = FulfilmentState.OPEN
    order.parties = parties_of(context, caller.channel)
    order.acceptance = TermsAcceptance(
        accepted.version, accepted.hash, order.parties.actor, order.account_id, now
    )
    order.cart = False
    order.version += 1
    order.update_time = order.place_time = now


def _placed_row(order: Order, attempt: UUID, day: datetime.date, now: datetime.datetime) -> dict[str, Any]:
    assert order.acceptance is not None
    actor = order.parties.actor
    return {
        "id": order.id,
        "attempt": attempt,
        "year": day.year,
        "version": order.version,
        "state": order.state,
        "payment_state": order.payment_state,
        "fulfilment_state": order.fulfilment_state,
        "account_name": order.parties.customer.name,
        "payer_name": order.parties.payer.name,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "channel": order.parties.channel,
        "rep_code": order.parties.rep_code,
        "terms_version": order.acceptance.version,
        "terms_hash": order.acceptance.hash,
        "terms_accept_time": now,
        "place_time": now,
        "place_date": day,
        "update_time": now,
    }


def _entry(
    order: Order, caller: Caller, context: OrderingContext, action: str, came: states.State
) -> HistoryEntry:
    return HistoryEntry(
        sequence=order.version,
        time=order.update_time,
        actor=context.actor,
        account_id=order.account_id,
        channel=caller.channel,
        action=action,
        from_state=came,
        to_state=order.state,
    )


async def record(
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
    """Number and freeze the order, if the claim of `attempt` still lives.

    Raises PlacementInProgress when it does not, AlreadyAnswered when the request_id was used meanwhile.
    """
    now = infra.clock()
    day = now.astimezone(infra.zone).date()
    came = order.state
    _freeze(order, context, caller, accepted, now)
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        entry = _entry(order, caller, context, "placed", came)
        number = await store.place(connection, _placed_row(order, attempt, day, now), entry, changed)
        if number is None:
            raise PlacementInProgress(order.id)
        order.number = number
        answer = reply.build(order)
        await answers.store(connection, key, answer)
        outbox.add(
            session,
            events.order_placed(order, attempt, day),
            subject=events.SUBJECT,
            aggregate_id=str(order.id),
            aggregate_version=order.version,
        )
        crash.point("place_before_commit")
    return answer


async def reprice(infra: Infrastructure, caller: Caller, picture: Picture, attempt: UUID, held: Held) -> int:
    """Write the prices of now to the sheet, if `attempt` still claims it. The version of the sheet afterwards."""
    by_line = {answer.line_id: answer.quote for answer in held.quoted if answer.quote is not None}
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await store.lock(connection, picture.order.id)
        if order is None or order.claim is None or order.claim.attempt != attempt:
            return picture.order.version
        changed = []
        for line in order.lines:
            quote = by_line.get(str(line.id))
            if quote is not None:
                line.quote = quote
                changed.append(line)
        settle_basis(order)
        order.totals = costing.totals_of(
            order.lines,
            order.header.delivery,
            picture.method,
            currency=order.currency,
            tax_inclusive=order.tax_inclusive,
        )
        order.pricing = picture.order.pricing
        order.version += 1
        order.update_time = infra.clock()
        context = held.authorization.context
        actor = context.actor if context is not None else order.parties.actor
        entry = HistoryEntry(
            sequence=order.version,
            time=order.update_time,
            actor=actor,
            account_id=order.account_id,
            channel=caller.channel,
            action="repriced",
            from_state=order.state,
            to_state=order.state,
        )
        await store.save(connection, order, entry, changed=changed)
        return order.version
