"""The frame around every command on a sheet: who, for which side, then one transaction on the locked order.

Prices are asked before the transaction opens: a command is tried on the sheet as it was read, which tells what to ask
for. One that lacks some under the lock all the same is undone, and tried again with them on whatever the sheet has
become meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from google.protobuf import empty_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import Aborted, FieldViolation, InvalidFields, ServiceError, Violations
from orders import access, answers, store
from orders.access import Caller
from orders.answers import AlreadyAnswered, Key
from orders.domain.errors import OrderNotFound
from orders.domain.model import Address, Order, PaymentMethod, Quote
from orders.domain.states import PlacementInProgress, State
from orders.infrastructure import Infrastructure
from orders.ports import OrderingContext, QuotedLine, WantedLine
from orders.shared import recording, spending
from orders.shared import store as sheets
from orders.shared.domain import answering, codec
from orders.shared.domain.errors import BelowLegalFloor, SharedOrderNotFound, SharedOrderState
from orders.shared.domain.moving import basis_at
from orders.shared.domain.prices import MissingPrices, Prices
from orders.shared.domain.sheet import Command, Sheet
from orders.shared.domain.terms import PriceNeed
from orders.shared.recording import actor_of, side_of
from orders.sheets.domain import KEEPS_OUT, destination, payer_of, pricing_customer

# A command starts over when it needs prices, and when the sheet moved on so that it needs others.
_TRIES = 6
_FLOOR = "BELOW_LEGAL_FLOOR"
Act = Callable[[Sheet, Command, Prices], None]


class SheetBusy(Aborted):
    """Others changed what this depends on again and again; nothing was done."""

    reason = "SHEET_BUSY"

    def __init__(self, order_id: object) -> None:
        super().__init__(
            f"Shared order {order_id} is being changed by others.", retry_after=0.2, order_id=order_id
        )


@dataclass(frozen=True, slots=True)
class Deal:
    """Which sheet, at the revision that the caller saw, on behalf of which request. None: as it is now."""

    order_id: UUID
    revision: int | None = None
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The sheet after a command. `agreed`: this made everything agreed, or it was asked for once more."""

    order: Order
    sheet: Sheet
    agreed: bool


Seat = tuple[Order, Sheet, OrderingContext]


async def seen_by(infra: Infrastructure, caller: Caller, order_id: UUID) -> Seat:
    """For who may change it. Raises SharedOrderNotFound."""
    async with infra.engine.connect() as connection:
        order = await store.find(connection, order_id)
        sheet = await sheets.find(connection, order_id) if order is not None and order.shared else None
    if order is None or sheet is None or not sheet.visible_to(side_of(caller)):
        raise SharedOrderNotFound(order_id)
    try:
        return order, sheet, await access.context_of(infra.ports.customers, caller, order)
    except OrderNotFound:
        raise SharedOrderNotFound(order_id) from None


async def negotiate(
    infra: Infrastructure, deal: Deal, act: Act, *, again: bool = False, seat: Seat | None = None
) -> Done | None:
    """None for a request that was answered before. `again`: what is agreed already is to be placed too. `seat`: of
    `seen_by`, when that was asked before.

    Raises SharedOrderNotFound, SharedOrderState, PlacementInProgress, RequestIdReused, SheetBusy, and what `act` does.
    """
    caller = access.caller()
    order, sheet, context = seat or await seen_by(infra, caller, deal.order_id)
    address = sheet.header.current.delivery_address
    async with infra.engine.connect() as connection:
        if await answers.find(connection, deal.key) is not None:
            return None
    known: dict[PriceNeed, Quote] = {}
    await infra.methods.find(sheet.header.current.shipping_method)
    places = {
        code: basis_at(destination(Address(), method))
        for code, method in (await infra.methods.pick_ups()).items()
    }
    at = deal.revision if deal.revision is not None else sheet.revision
    command = Command(actor_of(caller, context.actor), at, infra.clock())
    needs = _foreseen(act, sheet, command, places) if order.state in (*recording.OPEN, State.PLACED) else {}
    if needs:
        known = await ask(infra, order, address, context, needs)
    for _ in range(_TRIES):
        try:
            return await _try(infra, deal, act, caller, context, Prices(known, places), again=again)
        except MissingPrices as missing:
            known |= await ask(infra, order, address, context, missing.needs)
        except AlreadyAnswered:
            return None
    raise SheetBusy(deal.order_id)


def _foreseen(act: Act, sheet: Sheet, command: Command, places: Mapping[str, str]) -> dict[PriceNeed, str]:
    """What the command lacks as far as can be told without the lock: it is tried on the sheet as it was read, which is
    of no use afterwards. What refuses it there is told under the lock, if it does so then."""
    if not 0 <= command.revision <= sheet.revision:
        return {}
    try:
        act(sheet, command, Prices({}, places))
    except MissingPrices as missing:
        return missing.needs
    except ServiceError:
        return {}
    return {}


async def _try(
    infra: Infrastructure,
    deal: Deal,
    act: Act,
    caller: Caller,
    context: OrderingContext,
    prices: Prices,
    *,
    again: bool,
) -> Done:
    async with infra.sessions.begin() as session:
        order, sheet = await locked(session, deal.order_id, placed=True)
        revision = sheet.revision if deal.revision is None else deal.revision
        if not 0 <= revision <= sheet.revision:
            text = f"must be between 0 and {sheet.revision}"
            raise InvalidFields([FieldViolation("revision", text, "OUT_OF_RANGE")])
        was, bound, header = sheet.agreed, sheet.spender, codec.header_json(sheet.header)
        act(sheet, Command(actor_of(caller, context.actor), revision, infra.clock()), prices)
        if order.state is State.PLACED and codec.header_json(sheet.header) != header:
            text = "stays as it was placed"
            raise InvalidFields([FieldViolation("header", text, "NOT_ALLOWED")])
        if order.state is State.PLACED:
            answering.check_lines(sheet)
        order.pricing = pricing_customer(context, destination_of(infra, sheet))
        payer = payer_of(context, sheet.header.current.payment_method.method)
        order.parties = replace(order.parties, payer=payer)
        if sheet.changes:
            sheet.obstacles = ()
            spending.takes_part(sheet, sheet.changes, caller, context, order.currency)
        elif sheet.spender != bound:
            await sheets.set_spender(await session.connection(), order.id, sheet.spender)
        order = await recording.write(infra, session, order, sheet, context.actor, caller.channel)
        await answers.store(await session.connection(), deal.key, empty_pb2.Empty())
        return Done(order, sheet, sheet.agreed and (again or not was))


def destination_of(infra: Infrastructure, sheet: Sheet) -> Address:
    header = sheet.header.current
    return destination(header.delivery_address, infra.methods.known(header.shipping_method))


async def locked(session: AsyncSession, order_id: UUID, *, placed: bool = False) -> tuple[Order, Sheet]:
    """`placed`: also one that was placed, while nobody works on it and it is not paid online.

    Raises SharedOrderNotFound, SharedOrderState, PlacementInProgress.
    """
    connection = await session.connection()
    order = await store.lock(connection, order_id)
    sheet = await sheets.find(connection, order_id)
    if order is None or sheet is None:
        raise SharedOrderNotFound(order_id)
    amendable = order.state is State.PLACED and order.header.payment_method is not PaymentMethod.ELECTRONIC
    if order.state not in recording.OPEN and not (placed and amendable):
        raise SharedOrderState(order_id, order.state)
    if order.claim is not None and order.claim.live:
        raise PlacementInProgress(order_id)
    return order, sheet


async def ask(
    infra: Infrastructure,
    order: Order,
    address: Address,
    context: OrderingContext,
    needs: dict[PriceNeed, str],
) -> dict[PriceNeed, Quote]:
    """Prices of now, for goods that go where each need says. Raises InvalidFields, BelowLegalFloor."""
    found: dict[PriceNeed, Quote] = {}
    for basis in dict.fromkeys(need.basis for need in needs):
        wanted = [need for need in needs if need.basis == basis]
        region, _, postal = basis.partition(" ")
        delivery = replace(address, region_code=region, postal_code=postal)
        quoted = await infra.ports.catalog.quote(
            pricing_customer(context, delivery),
            [_wanted(need, order.currency, index) for index, need in enumerate(wanted)],
            order.header.language,
        )
        _check(order, quoted, [needs[need] for need in wanted])
        found |= {
            need: each.quote for need, each in zip(wanted, quoted, strict=True) if each.quote is not None
        }
    return found


def _wanted(need: PriceNeed, currency: str, index: int) -> WantedLine:
    by_id = isinstance(need.article, UUID)
    return WantedLine(
        line_id=str(index),
        quantity=need.quantity,
        variant_id=need.article if isinstance(need.article, UUID) else None,
        sku="" if by_id else str(need.article),
        negotiated=need.asked,
        currency=currency if need.asked is not None else "",
    )


def _check(order: Order, quoted: Sequence[QuotedLine], paths: Sequence[str]) -> None:
    """A shortage keeps nothing off the sheet: it is shown, and stands against placing."""
    found, floors = Violations(), []
    for answer, path in zip(quoted, paths, strict=True):
        refusal = answer.refusal
        if refusal is not None and refusal.reason == _FLOOR:
            floors.append(FieldViolation(f"{path}.unit_price", refusal.description, _FLOOR))
        elif refusal is not None and (answer.quote is None or refusal.reason in KEEPS_OUT):
            found.add(path, refusal.description, refusal.reason)
        elif answer.quote is None:
            found.add(path, "has no price", "NO_PRICE")
    found.raise_if_any()
    if floors:
        raise BelowLegalFloor(order.id, floors)
