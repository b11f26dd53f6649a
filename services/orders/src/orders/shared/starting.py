"""A draft becomes a shared order."""

from __future__ import annotations

import contextlib
import datetime
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from google.protobuf import empty_pb2

from chassis import etag as etags
from orders import access, answers, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key
from orders.domain import states
from orders.domain.errors import OrderNotFound
from orders.domain.model import HistoryEntry, Order
from orders.domain.states import PlacementInProgress, Verb
from orders.infrastructure import Infrastructure
from orders.ports import OrderingContext
from orders.shared import events, queries, spending
from orders.shared import store as sheets
from orders.shared.domain import answering
from orders.shared.domain.moving import basis_at
from orders.shared.domain.proposing import LineWish
from orders.shared.domain.sheet import Command, Sheet
from orders.shared.domain.terms import LineTerms
from orders.shared.projecting import HEADER_REFERENCES, LINE_REFERENCES, project, terms_of
from orders.shared.recording import actor_of
from orders.shared.use_cases import check_expiry
from orders.shared.wire import View
from orders.sheets.domain import destination
from orders.tables import orders as orders_table

_SHARED = sa.update(orders_table).values(shared=True, cart=False)


@dataclass(frozen=True, slots=True)
class StartSharedOrder:
    """`send`: hands it over at once, with `message`."""

    order_id: UUID
    etag: str = ""
    expire_date: datetime.date | None = None
    send: bool = False
    message: str = ""
    key: Key | None = None


async def start(infra: Infrastructure, cmd: StartSharedOrder) -> View:
    """A draft becomes a shared order, offered by the caller's side as it stands.

    Raises OrderNotFound, EtagMismatch, IllegalMove, PlacementInProgress, InvalidFields, RequestIdReused.
    """
    caller = access.caller()
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, cmd.key)
        order = await store.find(connection, cmd.order_id)
    if order is None:
        raise OrderNotFound(cmd.order_id)
    context = await access.context_of(infra.ports.customers, caller, order)
    check_expiry(infra, cmd.expire_date)
    await infra.methods.find(order.header.shipping_method)
    if stored is None:
        with contextlib.suppress(AlreadyAnswered):
            await _started(infra, cmd, caller, context)
    return await queries.get(infra, cmd.order_id)


async def _started(
    infra: Infrastructure, cmd: StartSharedOrder, caller: Caller, context: OrderingContext
) -> None:
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        order = await store.lock(connection, cmd.order_id)
        if order is None:
            raise OrderNotFound(cmd.order_id)
        etags.check("order", cmd.etag, order.version)
        came, order.state = order.state, states.move(order.state, Verb.SHARE)
        if order.claim is not None and order.claim.live:
            raise PlacementInProgress(order.id)
        command = Command(actor_of(caller, context.actor), 0, infra.clock())
        place = destination(order.header.delivery, infra.methods.known(order.header.shipping_method))
        sheet = _sheet(order, command, basis_at(place))
        if cmd.send:
            answering.send(sheet, command, cmd.message, cmd.expire_date)
        elif cmd.expire_date is not None:
            sheet.expire_date, sheet.expire_side = cmd.expire_date, command.side
        order = project(infra, order, sheet)
        order.shared, order.cart = True, False
        order.version += 1
        order.update_time = command.time
        entry = HistoryEntry(
            sequence=order.version,
            time=order.update_time,
            actor=context.actor,
            account_id=order.account_id,
            channel=caller.channel,
            action="shared",
            from_state=came,
            to_state=order.state,
        )
        await store.save(connection, order, entry, changed=[])
        await connection.execute(_SHARED.where(orders_table.c.id == order.id))
        changes = sheet.finish()
        spending.takes_part(sheet, changes, caller, context, order.currency)
        await sheets.insert(connection, order, sheet, changes)
        await answers.store(connection, cmd.key, empty_pb2.Empty())
        events.add(session, order, sheet, changes)


def _sheet(order: Order, command: Command, basis: str) -> Sheet:
    header = answering.header_item(
        command.side,
        terms_of(order.header),
        {name: getattr(order.header, name) for name in HEADER_REFERENCES},
    )
    lines = []
    for line in order.lines:
        references = {name: getattr(line, name) for name in LINE_REFERENCES}
        terms = LineTerms(line.quote, line.quantity, delivery_date=line.requested_delivery_date, basis=basis)
        lines.append((LineWish("lines", line.id, new=True, references=references), terms))
    return answering.start(order.id, command, header, lines)
