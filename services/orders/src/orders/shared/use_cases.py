"""Propose, withdraw, hand over, accept, decline, end, look: one function each, one transaction.

Each answers the sheet as the caller's side sees it afterwards; a request that was answered before answers it as it is.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from google.protobuf import empty_pb2

from chassis.errors import FieldViolation, InvalidFields
from orders import access, answers, store
from orders.answers import AlreadyAnswered
from orders.domain.states import Verb
from orders.fulfilment import use_cases as fulfilment
from orders.fulfilment.changing import Change as OrderChange
from orders.infrastructure import Infrastructure
from orders.ports import OrderingContext
from orders.shared import finishing, placing, queries, spending
from orders.shared import store as sheets
from orders.shared.domain import answering, proposing
from orders.shared.domain.answering import Seen
from orders.shared.domain.proposing import HeaderWish, LineWish
from orders.shared.domain.sheet import Command, Sheet
from orders.shared.negotiating import Deal, Done, locked, negotiate, seen_by
from orders.shared.projecting import project, totals_text
from orders.shared.recording import side_of
from orders.shared.wire import View
from orders.sheets.domain import check_payment_choice
from orders.sheets.use_cases import check_method

_NO_HEADER = HeaderWish()


def check_expiry(infra: Infrastructure, day: datetime.date | None) -> None:
    """Raises InvalidFields."""
    if day is not None and day < infra.today():
        raise InvalidFields([FieldViolation("expire_date", "lies in the past", "OUT_OF_RANGE")])


async def propose(
    infra: Infrastructure,
    deal: Deal,
    lines: Sequence[LineWish],
    header: HeaderWish = _NO_HEADER,
    currencies: Collection[str] = (),
) -> View:
    """All or nothing. `currencies`: that prices are named in; there is one for the whole order.

    Raises what `negotiate` does, FieldChanged, InvalidFields, BelowLegalFloor.
    """
    caller = access.caller()
    seat = await seen_by(infra, caller, deal.order_id)
    kind = caller.actor_kind
    await check_method(infra, str(header.values.get("shipping_method", "")))
    choice = header.values.get("payment_method")
    if choice is not None:
        check_payment_choice(choice.method, kind)
        header = replace(header, values={**header.values, "payment_method": replace(choice, actor_kind=kind)})
    currency = seat[0].currency
    if not {currency}.issuperset(currencies):
        text = f"prices of this order are in {currency}"
        raise InvalidFields([FieldViolation("lines", text, "CURRENCY_MISMATCH")])
    done = await negotiate(infra, deal, lambda s, c, p: proposing.propose(s, c, lines, header, p), seat=seat)
    return await _answer(infra, deal, done)


async def withdraw(infra: Infrastructure, deal: Deal, keys: Sequence[str]) -> View:
    """Raises what `negotiate` does, InvalidFields."""
    done = await negotiate(infra, deal, lambda s, c, p: answering.withdraw(s, c, keys, p))
    return await _answer(infra, deal, done)


async def decline(infra: Infrastructure, deal: Deal, keys: Sequence[str], reason: str) -> View:
    """Raises what `negotiate` does, InvalidFields, TermsMoved."""
    done = await negotiate(infra, deal, lambda s, c, p: answering.decline(s, c, keys, p, reason))
    return await _answer(infra, deal, done)


async def send(infra: Infrastructure, deal: Deal, message: str, expire: datetime.date | None) -> View:
    """Raises what `negotiate` does, InvalidFields."""

    def act(sheet: Sheet, command: Command, _: object) -> None:
        check_expiry(infra, expire)
        answering.send(sheet, command, message, expire)

    return await _answer(infra, deal, await negotiate(infra, deal, act))


@dataclass(frozen=True, slots=True)
class Accepting:
    """`terms`: the hash of each named item; or all, by the hash of the `sheet`. `version`, `hash`: of the terms of
    sale."""

    terms: dict[str, str] = field(default_factory=dict)
    sheet: str = ""
    version: str = ""
    hash: str = ""


async def accept(infra: Infrastructure, deal: Deal, given: Accepting) -> View:
    """What is agreed in full is placed at once.

    Raises what `negotiate` does, OfferExpired, TermsMoved, InvalidFields.
    """
    caller = access.caller()
    seat = await seen_by(infra, caller, deal.order_id)
    placing.check_acceptance(caller, given.version)

    def act(sheet: Sheet, command: Command, _: object) -> None:
        totals = totals_text(project(infra, seat[0], sheet)) if given.sheet else ""
        answering.accept(sheet, command, Seen(given.terms, given.sheet, totals, infra.today()))
        if all(item.key in given.terms for item in sheet.items()) or not given.terms:
            spending.takes_all(sheet, caller, seat[2], seat[0].currency)
        if given.version:
            answering.accept_terms(sheet, command, given.version, given.hash)

    done = await negotiate(infra, deal, act, again=True, seat=seat)
    return await _answer(infra, deal, done)


async def end(infra: Infrastructure, deal: Deal, reason: str) -> View:
    """Raises SharedOrderNotFound, SharedOrderState, PlacementInProgress, RequestIdReused."""
    caller = access.caller()
    _, _, context = await seen_by(infra, caller, deal.order_id)
    async with infra.engine.connect() as connection:
        stored = await answers.find(connection, deal.key)
    if stored is None:
        with contextlib.suppress(AlreadyAnswered):
            await _ended(infra, deal, caller, context, reason)
    return await queries.get(infra, deal.order_id)


async def _ended(
    infra: Infrastructure, deal: Deal, caller: access.Caller, context: OrderingContext, reason: str
) -> None:
    async with infra.sessions.begin() as session:
        order, _ = await locked(session, deal.order_id)
        connection = await session.connection()
        change = OrderChange(session, connection, order, context.actor, caller, infra.clock())
        await fulfilment.move(infra, change, fulfilment.MoveOrder(deal.order_id, Verb.CANCEL, reason=reason))
        await answers.store(connection, deal.key, empty_pb2.Empty())


async def mark_seen(infra: Infrastructure, order_id: UUID, sequence: int) -> None:
    """Raises SharedOrderNotFound, InvalidFields."""
    caller = access.caller()
    await seen_by(infra, caller, order_id)
    async with infra.sessions.begin() as session:
        connection = await session.connection()
        await store.lock(connection, order_id)
        sheet = await sheets.find(connection, order_id)
        assert sheet is not None, "sheets stay"
        answering.look(sheet, side_of(caller), sequence)
        await sheets.set_seen(connection, sheet)


async def _answer(infra: Infrastructure, deal: Deal, done: Done | None) -> View:
    """Placed first, when that is due; also when an earlier answer to the same request broke off before."""
    if done is None:
        view = await queries.get(infra, deal.order_id)
        if not view.sheet.agreed:
            return view
    elif not done.agreed:
        return await queries.view(infra, done.order, done.sheet, side_of(access.caller()))
    away = await finishing.finish(infra, deal.order_id)
    view = await queries.get(infra, deal.order_id)
    view.sheet.obstacles = view.sheet.obstacles or away
    return view
