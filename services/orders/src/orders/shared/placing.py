"""A sheet that is agreed in full is placed as every order is; what stands against it is kept beside the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.orders.v1 import orders_pb2 as pb

from chassis.errors import FieldViolation, InvalidFields
from chassis.ids import new_id
from orders import access
from orders import store as orders
from orders.access import Caller
from orders.answers import Key, Reply
from orders.domain.parties import Party
from orders.domain.states import IllegalMove, PlacementInProgress, State
from orders.infrastructure import Infrastructure
from orders.placing.claiming import PlaceOrder
from orders.placing.domain import Accepted, OrderNotPlaceable
from orders.placing.use_cases import place_order
from orders.shared import store

_NOTHING = Reply(lambda _: pb.PlaceOrderResponse(), pb.PlaceOrderResponse.FromString)


def check_acceptance(caller: Caller, version: str) -> None:
    """The terms of sale are for the customer's side, or for a representative on its behalf. Raises InvalidFields."""
    if version and caller.everything:
        text = "is for the customer's side to accept"
        raise InvalidFields([FieldViolation("terms_version", text, "NOT_ALLOWED")])


async def place(infra: Infrastructure, order_id: UUID, said: Party | None = None) -> None:
    """As the caller, or in the name of who `said` the last word; once, however often both sides ask for it. Raises
    ServiceError for what is no verdict on the order, such as a neighbour that is away."""
    caller = access.caller()
    async with infra.engine.connect() as connection:
        order = await orders.find(connection, order_id)
        sheet = await store.find(connection, order_id)
    if order is None or sheet is None or order.state is not State.NEGOTIATING:
        return
    key = Key(":".join(caller.owner), "PlaceSharedOrder", new_id(), b"")
    found: Sequence[FieldViolation]
    try:
        await place_order(infra, PlaceOrder(order_id, key, Accepted(), said=said), _NOTHING)
        return
    except (OrderNotPlaceable, InvalidFields) as refusal:
        found = refusal.violations
    except (IllegalMove, PlacementInProgress):  # somebody else is placing it, or has
        return
    async with infra.sessions.begin() as session:
        await store.set_obstacles(await session.connection(), order_id, sheet.revision, found)
