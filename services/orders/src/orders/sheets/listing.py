"""Reading orders as the caller may see them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.paging import Page
from orders import access, store
from orders.access import Caller
from orders.domain.errors import AccountNotFound
from orders.domain.folding import fold
from orders.domain.model import Order
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.sheets import queries
from orders.sheets.queries import NOTHING, OrderFilter, OrderSummary

_LAST_DAY = datetime.date.max - datetime.timedelta(days=3)


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


async def get_order(infra: Infrastructure, order_id: UUID) -> Order:
    """Raises OrderNotFound, also for an order that the caller may not see."""
    order = await store.find_alone(infra.engine, order_id)
    return await access.check_visible(infra.ports.customers, access.caller(), order, order_id)


async def _scope(infra: Infrastructure, caller: Caller, wanted: UUID | None) -> OrderFilter:
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
    """Newest first; a rep sees orders of own accounts only, a user own orders only, a care worker what the community
    ordered for the client."""
    scope = await _scope(infra, access.caller(), command.account_id)
    wanted = replace(
        scope,
        states=command.states,
        representative_id=command.representative_id,
        place_from=command.place_from,
        place_to=command.place_to,
        created_before=_end_of(infra, command.place_to),
        community_id=command.community_id,
        actor_id=command.actor_id,
        payer_account_id=command.payer_account_id,
        client_external_id=command.client_external_id,
        prefix=fold(command.query),
    )
    return await queries.list_orders(infra.sessions, wanted, page)


def _end_of(infra: Infrastructure, day: datetime.date | None) -> datetime.datetime | None:
    """An order is created before it is placed, whoever's clock says so: a day's difference is allowed for."""
    if day is None or day > _LAST_DAY:
        return None
    return datetime.datetime.combine(day + datetime.timedelta(days=2), datetime.time(), infra.zone)
