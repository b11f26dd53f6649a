"""The transactions that end a placing attempt: the order is placed, or its sheet shows the prices of now."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import crash, outbox
from chassis.errors import FieldViolation
from orders import answers, rows, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key, Reply
from orders.approval import domain as approvals
from orders.approval import events as approval_events
from orders.domain import costing, states
from orders.domain.model import HistoryEntry, Line, Order, PaymentMethod, TermsAcceptance
from orders.domain.parties import Party
from orders.domain.states import FulfilmentState, PaymentState, PlacementInProgress, State, Verb
from orders.infrastructure import Infrastructure
from orders.payments import links
from orders.placing import events
from orders.placing.domain import Accepted
from orders.placing.holds import Held
from orders.placing.store import Picture
from orders.ports import OrderingContext
from orders.shared import recording as shared_recording
from orders.shared.domain.sheet import Actor
from orders.sheets.domain import check_payment_choice, parties_of, settle_basis
from orders.statistics import store as figures
from orders.store import Outcome

R = TypeVar("R", bound=Message)


def _freeze(
    order: Order, context: OrderingContext, caller: Caller, accepted: Accepted, now: datetime.datetime
) -> None:
    """Who asked for approval stays the actor, and accepted the terms when asking.

    Raises IllegalMove; InvalidFields for a representative with an online payment.
    """
    check_payment_choice(order.header.payment_method, caller.actor_kind)
    asked = order.approval if order.state is State.PENDING_APPROVAL else None
    order.state = states.move(order.state, Verb.PLACE if asked is None else Verb.APPROVE)
    order.payment_state = PaymentState.OPEN
    order.fulfilment_state = FulfilmentState.OPEN
    parties = parties_of(context, caller.channel, order.header.payment_method)
    accept_time = now
    if asked is None:
        order.approval = None
    else:
        order.approval = replace(asked, decided_by=context.actor, decide_time=now)
        channel, accept_time = order.parties.channel, asked.request_time
        parties = replace(parties, actor=asked.requested_by, channel=channel, approver=context.actor)
    order.parties = parties
    order.acceptance = TermsAcceptance(
        version=accepted.version,
        hash=accepted.hash,
        accepted_by=accepted.party or parties.actor,
        accepted_for=order.account_id,
        time=accepted.time or accept_time,
    )
    order.cart = False
    order.version += 1
    order.update_time = order.place_time = now


def _placed_row(order: Order, attempt: UUID, day: datetime.date, now: datetime.datetime) -> dict[str, Any]:
    assert order.acceptance is not None
    return {
        **rows.parties_row(order.parties),
        "id": order.id,
        "attempt": attempt,
        "number": order.number,
        "version": order.version,
        "state": order.state,
        "payment_state": order.payment_state,
        "fulfilment_state": order.fulfilment_state,
        "approval": rows.approval_json(order.approval),
        "terms_version": order.acceptance.version,
        "terms_hash": order.acceptance.hash,
        "terms_accept_time": order.acceptance.time,
        "terms_accepted_by": rows.accepted_by_json(order),
        "place_time": now,
        "place_date": day,
        "update_time": now,
    }


def _entry(order: Order, caller: Caller, actor: Party, action: str, came: states.State) -> HistoryEntry:
    return HistoryEntry(
        sequence=order.version,
        time=order.update_time,
        actor=actor,
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
    order.number = await store.draw_number(infra.engine, day.year)
    answer = reply.build(order)
    event = outbox.row(
        events.order_placed(order, attempt, day),
        subject=events.SUBJECT,
        aggregate_id=str(order.id),
        aggregate_version=order.version,
    )
    action = "approved" if came is State.PENDING_APPROVAL else "placed"
    entry = _entry(order, caller, context.actor, action, came)
    written = store.placing(
        _placed_row(order, attempt, day, now), entry, changed, answers.row(key, answer), event
    )
    await _write(infra, order, written, shared_recording.actor_of(caller, context.actor))
    outbox.nudge()
    return answer


async def _write(infra: Infrastructure, order: Order, written: dict[str, Any], actor: Actor) -> None:
    """Whoever ordered through a care worker pays online by a link that is mailed.

    Raises PlacementInProgress, AlreadyAnswered; then nothing was written.
    """
    crash.point("place_before_commit")
    if order.parties.assistance is None and not order.shared:  # one statement is the whole transaction
        _check_placed(order, await store.place_alone(infra.engine, written))
        return
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        _check_placed(order, await store.place(connection, written))
        if order.shared:
            await shared_recording.placed(session, order, actor)
        if order.parties.assistance is None:
            return
        await figures.count(connection, [order.id])
        if order.header.payment_method is PaymentMethod.ELECTRONIC and infra.online is not None:
            await links.write(session, infra.online, order, order.update_time)


def _check_placed(order: Order, outcome: Outcome) -> None:
    if not outcome.claimed:
        raise PlacementInProgress(order.id)
    if not outcome.placed:
        raise AlreadyAnswered


async def reprice(
    infra: Infrastructure,
    caller: Caller,
    picture: Picture,
    attempt: UUID,
    held: Held,
    found: Sequence[FieldViolation],
) -> int:
    """Write the prices of now to the sheet, if `attempt` still claims it and it is what was priced. The version of
    the sheet afterwards; of what was priced, when nothing was written. `found`: what stood against placing it.

    An order that waited for approval is a draft again: nobody asked for these prices.
    """
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await store.lock(connection, picture.order.id)
        if order is None or order.claim is None or order.claim.attempt != attempt:
            return picture.order.version
        if order.version != picture.order.version:  # changed since the claim ran out
            return picture.order.version
        if order.shared:
            order.pricing = picture.order.pricing
            return await shared_recording.price_moved(
                infra, session, order, held.quoted, found, caller.channel
            )
        changed = _at_prices_of_now(order, picture, held)
        order.version += 1
        order.update_time = infra.clock()
        context = held.authorization.context
        came = order.state
        if came is State.PENDING_APPROVAL:
            approvals.send_back(order, order.update_time)
            approval_events.refused(session, order, decided=False)
        actor = context.actor if context is not None else order.parties.actor
        entry = _entry(order, caller, actor, "repriced", came)
        await store.save(connection, order, entry, changed=changed)
        return order.version


def _at_prices_of_now(order: Order, picture: Picture, held: Held) -> list[Line]:
    """The lines that have a price of now."""
    by_line = {answer.line_id: answer.quote for answer in held.quoted if answer.quote is not None}
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
    return changed
