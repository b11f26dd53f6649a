"""The frame around every change of a sheet: who, which version, prices first, then one transaction.

Foreign services are asked before the transaction opens. The sheet is read twice: first to know what to ask them, then
locked, to apply the change to whatever it has become meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag
from chassis.errors import EtagMismatch
from orders import access, answers, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key, Reply
from orders.approval import domain as approvals
from orders.approval import events as approval_events
from orders.domain import costing, states
from orders.domain.errors import OrderNotFound
from orders.domain.model import Header, HistoryEntry, Line, Order, PricingCustomer, Quote
from orders.domain.states import PlacementInProgress, State
from orders.infrastructure import Infrastructure
from orders.ports import OrderingContext, WantedLine
from orders.sheets.domain import accepted, destination, payer_of, pricing_customer, settle_basis

R = TypeVar("R", bound=Message)
# An edit that re-prices the whole sheet starts over when somebody else was faster; so often it tries.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Edit:
    """Which sheet, in which version, on behalf of which request."""

    order_id: UUID
    etag: str = ""
    key: Key | None = None


@dataclass(slots=True)
class Changed:
    """What an edit did: lines to write, lines to remove, and its line in the history."""

    action: str
    detail: str = ""
    lines: list[Line] = field(default_factory=list)
    removed: Iterable[UUID] = ()


class Change(Protocol):
    """One kind of edit. `wanted`: new or changed lines to price, each with its field in the request; `apply` gets
    their quotes in that order."""

    def header(self, header: Header, actor_kind: str) -> Header: ...

    def wanted(self, order: Order) -> list[tuple[str, WantedLine]]: ...

    def apply(self, order: Order, quotes: Sequence[Quote]) -> Changed: ...


@dataclass(frozen=True, slots=True)
class Prices:
    """`own`: of the change's lines. `others`: of all other lines, by id, when the sheet is priced anew as `version`."""

    customer: PricingCustomer
    own: list[Quote]
    others: dict[UUID, Quote]
    version: int | None


async def read_for_edit(
    infra: Infrastructure, caller: Caller, edit: Edit
) -> tuple[Order, OrderingContext, bytes | None]:
    """The sheet, the customer's facts, and the stored answer if this very request was answered before.

    Raises OrderNotFound, RequestIdReused.
    """
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, edit.key)
        order = await store.find(connection, edit.order_id)
    if order is None:
        raise OrderNotFound(edit.order_id)
    return order, await access.context_of(infra.ports.customers, caller, order), stored


def check_changeable(order: Order, sent_etag: str) -> None:
    """Raises EtagMismatch, OrderNotEditable, PlacementInProgress."""
    etag.check("order", sent_etag, order.version)
    states.check_editable(order.state, shared=order.shared)
    if order.claim is not None and order.claim.live:
        raise PlacementInProgress(order.id)


async def edit_sheet(infra: Infrastructure, edit: Edit, change: Change, reply: Reply[R]) -> R:
    """Raises OrderNotFound, EtagMismatch, OrderNotEditable, PlacementInProgress, InvalidFields, RequestIdReused."""
    caller = access.caller()
    order, context, stored = await read_for_edit(infra, caller, edit)
    if stored is not None:
        return reply.parse(stored)
    for _ in range(_TRIES):
        check_changeable(order, edit.etag)
        prices = await _prices(infra, order, context, change, caller)
        try:
            done = await _write(infra, edit, context, change, prices, caller, reply)
        except AlreadyAnswered:
            _, _, stored = await read_for_edit(infra, caller, edit)
            return reply.parse(stored or b"")
        if not isinstance(done, Order):
            return done
        order = done
    raise EtagMismatch("order", etag.format(order.version))


async def _prices(
    infra: Infrastructure, order: Order, context: OrderingContext, change: Change, caller: Caller
) -> Prices:
    """Prices the change's lines, and all other lines too when what prices depend on is no longer the same."""
    header = change.header(order.header, caller.actor_kind)
    method = await infra.methods.find(header.shipping_method)
    customer = pricing_customer(context, destination(header.delivery, method))
    own = change.wanted(order)
    asked = [line for _, line in own]
    names = [name for name, _ in own]
    anew = customer != order.pricing and bool(order.lines)
    others: list[UUID] = []
    if anew:
        own_ids = {line.line_id for line in asked}
        for index, line in enumerate(order.lines):
            if str(line.id) not in own_ids:
                others.append(line.id)
                asked.append(WantedLine(str(line.id), line.quantity, line.quote.variant_id))
                names.append(f"order.lines[{index}]")
    if not asked:
        return Prices(customer, [], {}, None)
    quotes = accepted(await infra.ports.catalog.quote(customer, asked, header.language), names)
    by_id = dict(zip(others, quotes[len(own) :], strict=True))
    return Prices(customer, quotes[: len(own)], by_id, order.version if anew else None)


async def _write(
    infra: Infrastructure,
    edit: Edit,
    context: OrderingContext,
    change: Change,
    prices: Prices,
    caller: Caller,
    reply: Reply[R],
) -> R | Order:
    """The answer; or the sheet as it is now, when it moved on and has to be priced again."""
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await store.lock(connection, edit.order_id)
        if order is None:
            raise OrderNotFound(edit.order_id)
        check_changeable(order, edit.etag)
        if prices.version is not None and prices.version != order.version:
            return order
        order.header = change.header(order.header, caller.actor_kind)
        order.parties = replace(order.parties, payer=payer_of(context, order.header.payment_method))
        done = change.apply(order, prices.own)
        for line in order.lines:
            if line.id in prices.others:
                line.quote = prices.others[line.id]
                done.lines.append(line)
        order.pricing = prices.customer
        retotal(infra, order)
        entry = touch(infra, session, order, caller, context, done)
        await store.save(connection, order, entry, changed=done.lines, removed=done.removed)
        answer = reply.build(order)
        await answers.store(connection, edit.key, answer)
    return answer


def retotal(infra: Infrastructure, order: Order) -> None:
    """Raises InvalidFields when lines do not fit together or amount to too much."""
    settle_basis(order)
    order.totals = costing.totals_of(
        order.lines,
        order.header.delivery,
        infra.methods.known(order.header.shipping_method),
        currency=order.currency,
        tax_inclusive=order.tax_inclusive,
    )


def touch(
    infra: Infrastructure,
    session: AsyncSession,
    order: Order,
    caller: Caller,
    context: OrderingContext,
    done: Changed,
) -> HistoryEntry:
    """The line in the history. Whatever changes an order that waits for approval makes it a draft again."""
    order.version += 1
    order.update_time = infra.clock()
    came = order.state
    if came is State.PENDING_APPROVAL:
        approvals.send_back(order, order.update_time)
        approval_events.refused(session, order, decided=False)
    return HistoryEntry(
        sequence=order.version,
        time=order.update_time,
        actor=context.actor,
        account_id=order.account_id,
        channel=caller.channel,
        action=done.action,
        from_state=came,
        to_state=order.state,
        detail=done.detail,
    )
