"""Placing an order, exactly once per request, whatever breaks in between.

1. Claim the order for one attempt (its own statement). 2. In parallel: authorise, price and reserve, hold budgets.
3. One transaction that only succeeds while the claim lives: number, freeze, history, event, stored answer.
With spending control, 3. may instead let the order wait for approval (see `approval`); then everything is given back.
A refusal releases and takes the claim back. After a crash the claim runs out, then the holders ask `get_placements`
and release by themselves.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis import context as requests
from chassis import crash
from chassis import etag as etags
from chassis.errors import FieldViolation, ServiceError
from chassis.ids import new_id
from orders import access, answers
from orders.access import Caller
from orders.answers import AlreadyAnswered, Reply
from orders.approval import domain as approvals
from orders.approval import recording as approval_recording
from orders.domain import costing
from orders.domain.errors import OrderNotFound
from orders.domain.model import Line, Order
from orders.domain.states import PlacementInProgress, Verb
from orders.infrastructure import Infrastructure
from orders.placing import checks, claiming, domain, holds, recording
from orders.placing import store as claims
from orders.placing.claiming import PlaceOrder
from orders.placing.domain import OrderNotPlaceable
from orders.placing.holds import Held
from orders.placing.store import Picture
from orders.sheets.domain import destination, pricing_customer

R = TypeVar("R", bound=Message)
_POLL_SECONDS = 0.05
# How long an identical request waits for the first one's answer, less what it needs to answer itself.
_WAIT_SECONDS = 9.0
_SPARE_SECONDS = 0.5


async def place_order(infra: Infrastructure, cmd: PlaceOrder, reply: Reply[R]) -> R:
    """Raises OrderNotFound, EtagMismatch, OrderNotPlaceable, IllegalMove, PlacementInProgress, RequestIdReused."""
    caller = access.caller()
    if caller.account is None:
        await claiming.check_reach(infra, caller, cmd.order_id)
    try:
        return await _answer(infra, cmd, caller, reply)
    except OrderNotFound:
        raise
    except ServiceError:
        if caller.acts_for_others:  # what stands against an order is told to those who see it still
            await claiming.check_reach(infra, caller, cmd.order_id)
        raise


async def _answer(infra: Infrastructure, cmd: PlaceOrder, caller: Caller, reply: Reply[R]) -> R:
    """The stored answer, or that of an attempt of our own; an identical request under way is waited for."""
    loop = asyncio.get_running_loop()
    remaining = requests.current().remaining()
    until = loop.time() + min(
        _WAIT_SECONDS, _WAIT_SECONDS if remaining is None else remaining - _SPARE_SECONDS
    )
    while True:
        async with infra.placing_slots:
            attempt = new_id()
            found = await claims.claim(
                infra.engine,
                cmd.order_id,
                cmd.key,
                caller,
                attempt=attempt,
                from_states=cmd.from_states,
                etag=cmd.etag,
                seconds=infra.claim_seconds,
            )
            if found.response is None and found.picture is not None:
                return await _attempt(infra, cmd, caller, attempt, found.picture, reply)
        if found.response is not None:
            if caller.acts_for_others:  # which may have ended since
                await claiming.check_reach(infra, caller, cmd.order_id)
            return reply.parse(found.response)
        claiming.refuse_unless_waiting(cmd, caller, found.order, expired=loop.time() > until)
        await asyncio.sleep(_POLL_SECONDS)


async def _attempt(
    infra: Infrastructure, cmd: PlaceOrder, caller: Caller, attempt: UUID, picture: Picture, reply: Reply[R]
) -> R:
    """Everything between the claim and the answer. Whatever ends it before the last transaction is undone."""
    crash.point("place_after_claim")
    order = picture.order
    try:
        cmd, found = await checks.own_findings(infra, cmd, caller, picture)
        if found:
            _, _, others = await holds.look(infra.ports, order, infra.today())
            found = domain.unique([*found, *others])
            raise OrderNotPlaceable(order.id, found, etags.format(order.version))
    except BaseException:
        await claims.give_up(infra.engine, order.id, attempt)
        raise
    try:
        attempt, held = await _hold(infra, cmd, caller, picture, attempt)
    except _Failed as failed:
        await _undo(infra, order, failed.attempt)
        raise failed.cause from None
    crash.point("place_after_holds")
    changed, found = _compare(picture, held)
    if found:
        version = await _refused(infra, caller, picture, attempt, held, found)
        raise OrderNotPlaceable(order.id, found, etags.format(version))
    return await _record(infra, cmd, caller, attempt, order, held, changed, reply)


class _Failed(Exception):
    """A service failed to answer; `attempt` may hold something."""

    def __init__(self, attempt: UUID, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.attempt = attempt
        self.cause = cause


async def _hold(
    infra: Infrastructure, cmd: PlaceOrder, caller: Caller, picture: Picture, attempt: UUID
) -> tuple[UUID, Held]:
    """Hold everything. When the customer's facts (groups, tax status) are no longer those the sheet was priced for,
    once more with those of now, under a new attempt, which replaces what the first one held."""
    order = picture.order
    for last in (False, True):
        try:
            held = await holds.hold(infra.ports, order, attempt, infra.today())
            context = held.authorization.context
            if context is not None:
                checks.check_caller(cmd, caller, order, context)
        except Exception as error:
            raise _Failed(attempt, error) from error
        if last or context is None:
            break
        customer = pricing_customer(context, destination(order.header.delivery, picture.method))
        if customer == order.pricing:
            break
        following = new_id()
        if not await claims.renew(infra.engine, order, attempt, following, customer):
            raise _Failed(attempt, PlacementInProgress(order.id))
        order.pricing, attempt = customer, following
    return attempt, held


def _compare(picture: Picture, held: Held) -> tuple[list[Line], list[FieldViolation]]:
    """Lines as they will be frozen, and everything that stands against it."""
    order = picture.order
    found = list(held.findings)
    if not found and not held.complete:
        found.append(FieldViolation("lines", "could not be held", "STOCK_SHORTAGE"))
    changed = [
        line for line, answer in zip(order.lines, held.quoted, strict=True) if _refresh(line, answer.quote)
    ]
    if not found:
        now = costing.totals_of(
            order.lines,
            order.header.delivery,
            picture.method,
            currency=order.currency,
            tax_inclusive=order.tax_inclusive,
        )
        found += domain.totals_findings(order, now)
    return changed, domain.unique(found)


def _refresh(line: Line, quote: object) -> bool:
    if quote is None or quote == line.quote:
        return False
    line.quote = quote  # type: ignore[assignment]  # a Quote: None was excluded
    return True


async def _refused(
    infra: Infrastructure,
    caller: Caller,
    picture: Picture,
    attempt: UUID,
    held: Held,
    found: list[FieldViolation],
) -> int:
    """Give everything back; a sheet whose prices changed shows the new ones from now on. Its version then."""
    order = picture.order
    repricing = any(finding.reason == "PRICE_CHANGED" for finding in found)
    try:
        _, version = await asyncio.gather(
            holds.release(infra.ports, order, attempt, held),
            recording.reprice(infra, caller, picture, attempt, held, found)
            if repricing
            else _unchanged(order),
        )
    finally:
        await claims.give_up(infra.engine, order.id, attempt)
    return version


async def _unchanged(order: Order) -> int:
    return order.version


async def _undo(infra: Infrastructure, order: Order, attempt: UUID) -> None:
    await holds.release(infra.ports, order, attempt)
    await claims.give_up(infra.engine, order.id, attempt)


async def _record(
    infra: Infrastructure,
    cmd: PlaceOrder,
    caller: Caller,
    attempt: UUID,
    order: Order,
    held: Held,
    changed: list[Line],
    reply: Reply[R],
) -> R:
    """The last transaction. When it fails without a verdict it may have been committed: then nothing is released,
    the holders will ask."""
    assert held.authorization.context is not None
    facts = claiming.named(held.authorization.context, order, cmd.said)
    asking = approvals.asking(order, caller, facts, cmd.spender) if cmd.verb is Verb.PLACE else None
    record = recording.record if asking is None else partial(approval_recording.ask, asking)
    try:
        answer = await record(infra, cmd.key, cmd.accepted, caller, attempt, order, facts, changed, reply)
    except AlreadyAnswered:
        await _undo(infra, order, attempt)
        async with infra.engine.connect() as connection:
            stored = await answers.find(connection, cmd.key)
        return reply.parse(stored or b"")
    except ServiceError:
        await _undo(infra, order, attempt)
        raise
    crash.point("place_after_commit")
    if asking is not None:
        await holds.release(infra.ports, order, attempt, held)
    return answer
