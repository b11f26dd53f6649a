"""Reading orders as the caller may see them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.paging import Page
from orders import access, store
from orders.access import Caller
from orders.domain.activity import Activity
from orders.domain.errors import AccountNotFound, OrderNotFound
from orders.domain.folding import fold
from orders.domain.model import Order
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.sheets import queries
from orders.sheets.filters import NOTHING, Bounds, OrderFilter, Sort
from orders.sheets.queries import OrderSummary

_FIRST_DAY = datetime.date.min + datetime.timedelta(days=3)
_LAST_DAY = datetime.date.max - datetime.timedelta(days=3)
_UNPLACED = frozenset((State.DRAFT, State.NEGOTIATING, State.PENDING_APPROVAL))


@dataclass(frozen=True, slots=True)
class ListOrders:
    """`query`: the beginning of a number, an order reference or a customer's name, however accented."""

    account_id: UUID | None = None
    states: tuple[State, ...] = ()
    representative_id: UUID | None = None
    place_from: datetime.date | None = None
    place_to: datetime.date | None = None
    community_id: UUID | None = None
    actor_id: UUID | None = None
    payer_account_id: UUID | None = None
    client_external_id: str = ""
    query: str = ""
    sort: Sort = Sort.NEWEST


async def get_order(infra: Infrastructure, order_id: UUID) -> Order:
    """Raises OrderNotFound, also for an order that the caller may not see."""
    order = await store.find_alone(infra.engine, order_id)
    return await access.check_visible(infra.ports.customers, access.caller(), order, order_id)


async def get_page(infra: Infrastructure, order_id: UUID) -> tuple[Order, Activity]:
    """With what came beside the order. Raises as `get_order`."""
    found = await store.find_page(infra.engine, order_id)
    if found is None:
        raise OrderNotFound(order_id)
    await access.check_visible(infra.ports.customers, access.caller(), found[0], order_id)
    return found


async def scope_of(infra: Infrastructure, caller: Caller, wanted: UUID | None) -> OrderFilter:
    """What the caller may list, as customers says now. Somebody else's account has no orders."""
    if caller.everything:
        return OrderFilter(accounts=None if wanted is None else (wanted,))
    if caller.account is not None:
        if wanted not in (None, caller.account):
            return NOTHING
        wanted = caller.account
    if wanted is None:
        visible = await infra.ports.customers.visible_accounts()
        return OrderFilter(accounts=None if visible is None else tuple(visible))
    try:
        facts = await access.facts_of(infra.ports.customers, caller, wanted)
    except AccountNotFound:
        return NOTHING
    only_own = caller.only_own or facts.role == "USER"
    return OrderFilter(
        accounts=(wanted,),
        owner=caller.owner if only_own and caller.actor_kind == "PERSON" else None,
        within_community=caller.community,
    )


async def list_orders(infra: Infrastructure, command: ListOrders, page: Page) -> list[OrderSummary]:
    """As sorted, newest first by itself; one more than the page holds when there are more."""
    return await queries.list_orders(infra.sessions, await visible(infra, command), page)


async def visible(infra: Infrastructure, command: ListOrders) -> OrderFilter:
    """What of it the caller may see: a rep orders of own accounts only, a user own orders only, a care worker what the
    community ordered for the client."""
    states = command.states
    if command.sort is Sort.PLACED_NEWEST and states:
        states = tuple(state for state in states if state not in _UNPLACED)
        if not states:
            return NOTHING
    scope = await scope_of(infra, access.caller(), command.account_id)
    last = command.place_to
    if command.sort is Sort.OLDEST and command.place_from is not None and last is None:
        last = max(command.place_from, infra.today() + datetime.timedelta(days=1))
    return replace(
        scope,
        states=states,
        representative_id=command.representative_id,
        place_from=command.place_from,
        place_to=last,
        bounds=Bounds(
            created_before=_midnight(infra, command.place_to, 2),
            placed_from=_midnight(infra, command.place_from, -1),
            placed_before=_midnight(infra, command.place_to, 2),
        ),
        community_id=command.community_id,
        actor_id=command.actor_id,
        payer_account_id=command.payer_account_id,
        client_external_id=command.client_external_id,
        prefix=fold(command.query),
        sort=command.sort,
    )


def _midnight(infra: Infrastructure, day: datetime.date | None, days: int) -> datetime.datetime | None:
    """So many days later. An order is created before it is placed, on the local date of placing, whoever's clock says
    so: a day's difference is allowed for."""
    if day is None or not _FIRST_DAY < day < _LAST_DAY:
        return None
    return datetime.datetime.combine(day + datetime.timedelta(days=days), datetime.time(), infra.zone)
