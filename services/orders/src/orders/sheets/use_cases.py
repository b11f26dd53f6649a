"""Open the cart, create a whole draft, change main fields and lines: one function each, one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from chassis.errors import FieldViolation, InvalidFields
from chassis.ids import new_id
from orders import access, answers, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key, Reply
from orders.domain.errors import OrderIdTaken, OrderNotFound
from orders.domain.model import Header, HistoryEntry, Order
from orders.infrastructure import Infrastructure
from orders.ports import OrderingContext
from orders.sheets import queries
from orders.sheets.changes import ChangeHeader, wanted_lines
from orders.sheets.domain import (
    HeaderChange,
    LineFields,
    accepted,
    add_lines,
    change_header,
    first_header,
    new_sheet,
)
from orders.sheets.editing import Edit, edit_sheet, retotal

R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class CreateOrder:
    """`order_id`: made by the client, or None. `fingerprint`: SHA-256 of the request, to know a repeat by."""

    account_id: UUID | None
    lines: tuple[LineFields, ...]
    header: HeaderChange
    order_id: UUID | None
    fingerprint: bytes
    key: Key | None = None


def _created(order: Order, context: OrderingContext, detail: str) -> HistoryEntry:
    return HistoryEntry(
        sequence=order.version,
        time=order.create_time,
        actor=context.actor,
        account_id=order.account_id,
        channel=order.parties.channel,
        action="created",
        from_state=None,
        to_state=order.state,
        detail=detail,
    )


async def open_cart(infra: Infrastructure, account_id: UUID | None) -> Order:
    """The one open cart of the account and actor, made when there is none; in an assisted session that session's, so
    that two clients helped in one browser are never mixed. Raises AccountNotFound."""
    caller = access.caller()
    wanted = access.account_for(caller, account_id)
    context = await access.facts_of(infra.ports.customers, caller, wanted)
    assisted = context.assistance.session_id if context.assistance is not None else ""
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        found = await queries.find_cart(connection, wanted, caller.owner, assisted)
        if found is not None:
            return found
        order = new_sheet(
            new_id(),
            context,
            first_header(context),
            owner=caller.owner,
            channel=caller.channel,
            cart=True,
            currency=infra.currency,
            now=infra.clock(),
        )
        if await store.insert(connection, order, _created(order, context, "cart")):
            return order
    async with infra.engine.connect() as connection:
        found = await queries.find_cart(connection, wanted, caller.owner, assisted)
    if found is None:  # another session opened it, and placed or cancelled it, within this moment
        raise OrderNotFound(order.id)
    return found


async def check_method(infra: Infrastructure, code: str) -> None:
    """Raises InvalidFields for a shipping method that does not exist."""
    if code and await infra.methods.find(code) is None:
        text = f"there is no shipping method {code}"
        raise InvalidFields([FieldViolation("shipping_method", text, "SHIPPING_METHOD_NOT_FOUND")])


async def create_order(infra: Infrastructure, cmd: CreateOrder, reply: Reply[R]) -> R:
    """A whole draft beside the cart. A repeat with the same id and content answers the same order.

    Raises AccountNotFound, InvalidFields, OrderIdTaken, RequestIdReused.
    """
    caller = access.caller()
    account_id = access.account_for(caller, cmd.account_id)
    context = await access.facts_of(infra.ports.customers, caller, account_id)
    header = change_header(first_header(context), cmd.header, caller.actor_kind)
    await check_method(infra, header.shipping_method)
    order = await _priced(infra, cmd, caller, context, header)
    entry = _created(order, context, f"{len(order.lines)} lines")
    answer = reply.build(order)
    if cmd.key is None:
        if await store.insert_alone(infra.engine, order, entry):
            return answer
        return await _repeated(infra, cmd, caller, order.id, reply)
    try:
        async with infra.sessions.begin() as session:
            connection = await session.connection()
            if await store.insert(connection, order, entry):
                await answers.store(connection, cmd.key, answer)
                return answer
    except AlreadyAnswered:
        pass
    return await _repeated(infra, cmd, caller, order.id, reply)


async def _priced(
    infra: Infrastructure, cmd: CreateOrder, caller: Caller, context: OrderingContext, header: Header
) -> Order:
    order = new_sheet(
        cmd.order_id or new_id(),
        context,
        header,
        owner=caller.owner,
        channel=caller.channel,
        cart=False,
        currency=infra.currency,
        now=infra.clock(),
        method=infra.methods.known(header.shipping_method),
    )
    order.create_fingerprint = cmd.fingerprint if cmd.order_id is not None else None
    if cmd.lines:
        wanted = wanted_lines(cmd.lines)
        quoted = await infra.ports.catalog.quote(order.pricing, [line for _, line in wanted], header.language)
        add_lines(order, cmd.lines, accepted(quoted, [name for name, _ in wanted]))
    retotal(infra, order)
    return order


async def _repeated(
    infra: Infrastructure, cmd: CreateOrder, caller: Caller, order_id: UUID, reply: Reply[R]
) -> R:
    """The answer to a request_id or an order id that was there already. Raises OrderIdTaken, RequestIdReused."""
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, cmd.key)
        if stored is not None:
            return reply.parse(stored)
        order = await store.find(connection, order_id)
    mine = order is not None and caller.sees(order) and order.create_fingerprint == cmd.fingerprint
    if order is None or not mine:
        raise OrderIdTaken(order_id)
    return reply.build(order)


async def update_order(infra: Infrastructure, edit: Edit, change: HeaderChange, reply: Reply[R]) -> R:
    """Raises what `edit_sheet` raises, InvalidFields for an unknown shipping method."""
    await check_method(infra, str(change.values.get("shipping_method", "")))
    return await edit_sheet(infra, edit, ChangeHeader(change), reply)
