"""Claiming an order for one placing attempt, or telling why it cannot be claimed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis import etag as etags
from orders import access, store
from orders.access import Caller
from orders.answers import Key
from orders.domain import states
from orders.domain.errors import OrderNotFound
from orders.domain.model import REP, Order
from orders.domain.parties import Party, Spender
from orders.domain.states import PlacementInProgress, State, Verb
from orders.infrastructure import Infrastructure
from orders.placing.domain import Accepted
from orders.ports import OrderingContext


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """`verb`: APPROVE places what somebody else asked for, and accepted the terms of. `spender`: who of the customer's
    side is bound by a limit on the sheet of a shared order; read with it. `said`: in whose name it is placed, where
    that is not the caller's."""

    order_id: UUID
    key: Key
    accepted: Accepted
    etag: str = ""
    verb: Verb = Verb.PLACE
    spender: Spender | None = None
    said: Party | None = None

    @property
    def from_states(self) -> tuple[State, ...]:
        if self.verb is Verb.APPROVE:
            return (State.PENDING_APPROVAL,)
        return State.DRAFT, State.NEGOTIATING


def named(facts: OrderingContext, order: Order, said: Party | None) -> OrderingContext:
    """The customer's facts, with who `said` the last word as the actor; if anybody did."""
    if said is None:
        return facts
    return replace(facts, actor=said, rep_code=order.parties.rep_code if said.kind == REP else "")


async def check_reach(infra: Infrastructure, caller: Caller, order_id: UUID) -> None:
    """Whose order it is, is known only once it is read; before that nothing may be claimed. Raises OrderNotFound."""
    async with infra.engine.connect() as connection:
        order = await store.find(connection, order_id)
    await access.check_visible(infra.ports.customers, caller, order, order_id)


def refuse_unless_waiting(cmd: PlaceOrder, caller: Caller, order: Order | None, *, expired: bool) -> None:
    """Why the order could not be claimed; returns when the same request is under way and worth waiting for."""
    if order is None or not caller.sees(order):
        raise OrderNotFound(cmd.order_id)
    live = order.claim is not None and order.claim.live
    mine = order.claim is not None and order.claim.request == cmd.key.request_id
    if live and (not mine or expired):
        raise PlacementInProgress(order.id)
    if not live:
        etags.check("order", cmd.etag, order.version)
        states.move(order.state, cmd.verb)
        if expired:
            raise PlacementInProgress(order.id)
