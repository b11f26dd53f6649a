"""Claiming an order for one placing attempt, or telling why it cannot be claimed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis import etag as etags
from orders import access, answers, store
from orders.access import Caller
from orders.answers import Key
from orders.domain import states
from orders.domain.errors import OrderNotFound
from orders.domain.model import Order
from orders.domain.states import PlacementInProgress, Verb
from orders.infrastructure import Infrastructure
from orders.placing import store as claims
from orders.placing.domain import Accepted
from orders.placing.store import Picture


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    order_id: UUID
    key: Key
    accepted: Accepted
    etag: str = ""


async def claim(
    infra: Infrastructure, cmd: PlaceOrder, caller: Caller, attempt: UUID
) -> tuple[bytes | None, Picture | None, Order | None]:
    """The stored answer; or what we claimed; or the order as it is, which could not be claimed.

    The claim is a statement of its own, so that what is read after it cannot change any more.
    """
    async with infra.sessions() as session:
        connection = await claims.autocommit(session)
        found = await claims.claim(
            connection,
            cmd.order_id,
            cmd.key,
            caller,
            attempt=attempt,
            etag=cmd.etag,
            seconds=infra.claim_seconds,
        )
        if found.response is not None and found.fingerprint is not None:
            answers.check(cmd.key, found.fingerprint)
            return found.response, None, None
        if found.mine:
            return None, await claims.picture(connection, cmd.order_id), None
        # In this order: whoever sees the order placed also sees the answer that was stored with it.
        order = await store.find(connection, cmd.order_id)
        return await answers.find(connection, cmd.key), None, order


async def check_reach(infra: Infrastructure, caller: Caller, order_id: UUID) -> None:
    """Whose order it is, is known only once it is read; before that nothing may be claimed. Raises OrderNotFound."""
    async with infra.sessions() as session:
        order = await store.find(await session.connection(), order_id)
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
        states.move(order.state, Verb.PLACE)
        if expired:
            raise PlacementInProgress(order.id)
