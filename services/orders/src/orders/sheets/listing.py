"""Reading orders as the caller may see them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from chassis.paging import Page
from orders import access, store
from orders.access import Caller
from orders.domain.errors import AccountNotFound
from orders.domain.model import Order
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.sheets import queries
from orders.sheets.queries import OrderFilter, OrderSummary


@dataclass(frozen=True, slots=True)
class ListOrders:
    account_id: UUID | None = None
    states: tuple[State, ...] = ()
    representative_id: UUID | None = None
    place_from: datetime.date | None = None
    place_to: datetime.date | None = None


async def get_order(infra: Infrastructure, order_id: UUID) -> Order:
    """Raises OrderNotFound, also for an order that the caller may not see."""
    async with infra.engine.connect() as connection:
        order = await store.find(connection, order_id)
    return await access.check_visible(infra.ports.customers, access.caller(), order, order_id)


async def _accounts(infra: Infrastructure, caller: Caller, wanted: UUID | None) -> tuple[UUID, ...] | None:
    """The accounts to list orders of; None for all. Somebody else's account has no orders."""
    if caller.everything:
        return None if wanted is None else (wanted,)
    if caller.account is not None:
        if wanted not in (None, caller.account):
            return ()
        if not caller.is_rep:
            return (caller.account,)
        wanted = caller.account
    if wanted is None:
        visible = await infra.ports.customers.visible_accounts()
        return None if visible is None else tuple(visible)
    try:
        await infra.ports.customers.ordering_context(wanted)
    except AccountNotFound:
        return ()
    return (wanted,)


async def list_orders(infra: Infrastructure, command: ListOrders, page: Page) -> list[OrderSummary]:
    """Newest first; a rep sees orders of own accounts only, a user own orders only."""
    caller = access.caller()
    wanted = OrderFilter(
        accounts=await _accounts(infra, caller, command.account_id),
        owner=(caller.actor_kind, caller.actor_id) if caller.only_own else None,
        states=command.states,
        representative_id=command.representative_id,
        place_from=command.place_from,
        place_to=command.place_to,
    )
    return await queries.list_orders(infra.sessions, wanted, page)
