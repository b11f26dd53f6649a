"""Payment links: mailed to the customer, so that whoever asks for one sees neither the link nor the provider's page.

A token has 256 random bits; only its hash is kept. Each mail that is written gets a token of its own, and all tokens of
a link open it until the link ends.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from commis.orders.v1 import payments_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from orders import access, answers, direct
from orders import store as orders
from orders.answers import Key
from orders.domain.errors import AccountNotFound, OrderNotFound
from orders.domain.model import HistoryEntry, Order
from orders.domain.parties import Party
from orders.domain.states import State
from orders.infrastructure import Infrastructure
from orders.payments import domain, events, store
from orders.payments.errors import (
    PaymentLinkNoAddress,
    PaymentLinkNotFound,
    PaymentNotAllowed,
    PaymentNotDue,
)
from orders.payments.online import Online
from orders.payments.starting import open_page
from orders.payments.use_cases import taken
from orders.ports import OrderingContext
from orders.sheets import listing
from orders.wire import amount, time

# Who may ask for a link: everybody on the order who must not pay it.
_SENDERS = frozenset(("REP", "STAFF", "CARE_WORKER"))
_END = direct.statement("""
    WITH ended AS (
        UPDATE payment_links SET end_time = :now WHERE order_id = :order_id AND end_time IS NULL RETURNING id
    )
    DELETE FROM payment_link_tokens USING ended WHERE link_id = ended.id""")
_INSERT = direct.statement(
    "INSERT INTO payment_links (id, order_id, create_time, expire_time)"
    " VALUES (:id, :order_id, :now, :expire_time)"
)
_BY_ID = direct.statement(
    "SELECT id, order_id, expire_time FROM payment_links"
    " WHERE id = :id AND end_time IS NULL AND expire_time > :now"
)
_BY_TOKEN = direct.statement("""
    SELECT l.id, l.order_id, l.expire_time FROM payment_link_tokens t JOIN payment_links l ON l.id = t.link_id
    WHERE t.hash = :hash AND l.end_time IS NULL AND l.expire_time > :now""")
_ADD_TOKEN = direct.statement("INSERT INTO payment_link_tokens (hash, link_id) VALUES (:hash, :link_id)")


@dataclass(frozen=True, slots=True)
class SendPaymentLink:
    order_id: UUID
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """A link that still counts. `due` in minor units; nothing when all was paid."""

    id: UUID
    order: Order
    expire_time: datetime.datetime
    due: int


def _address(order: Order, facts: OrderingContext) -> str:
    """The account's own, which nobody who asks for a link can change; the order's contact where there is none."""
    return facts.contact.email or order.header.contact.email


async def send_payment_link(infra: Infrastructure, cmd: SendPaymentLink) -> pb.SendPaymentLinkResponse:
    """Raises OrderNotFound, PaymentNotAllowed, PaymentNotOffered, PaymentLinkNoAddress, PaymentNotDue."""
    caller = access.caller()
    seen = await listing.get_order(infra, cmd.order_id)
    if caller.actor_kind not in _SENDERS:
        raise PaymentNotAllowed(caller.actor_kind)
    online = taken(infra)
    facts = await access.context_of(infra.ports.customers, caller, seen)
    if not _address(seen, facts):
        raise PaymentLinkNoAddress(seen.id)

    async def work() -> pb.SendPaymentLinkResponse:
        async with infra.sessions.begin() as session:
            return await _send(infra, session, online, cmd, facts.actor, caller.channel)

    return await answers.once(infra.engine, cmd.key, pb.SendPaymentLinkResponse.FromString, work)


async def _send(
    infra: Infrastructure,
    session: AsyncSession,
    online: Online,
    cmd: SendPaymentLink,
    actor: Party,
    channel: str,
) -> pb.SendPaymentLinkResponse:
    connection = await session.connection()
    order = await orders.lock(connection, cmd.order_id)
    if order is None:
        raise OrderNotFound(cmd.order_id)
    stored = await answers.find(connection, cmd.key)
    if stored is not None:
        return pb.SendPaymentLinkResponse.FromString(stored)
    if not domain.due(order, await store.of_order(connection, order.id)):
        raise PaymentNotDue(order.id)
    order.version += 1
    order.update_time = infra.clock()
    expire_time = await write(session, online, order, order.update_time)
    entry = HistoryEntry(
        sequence=order.version,
        time=order.update_time,
        actor=actor,
        account_id=order.account_id,
        channel=channel,
        action="payment_link_sent",
        from_state=order.state,
        to_state=order.state,
    )
    await orders.move(connection, order, entry)
    answer = pb.SendPaymentLinkResponse(expire_time=time(expire_time))
    await answers.store(connection, cmd.key, answer)
    return answer


async def write(
    session: AsyncSession, online: Online, order: Order, now: datetime.datetime
) -> datetime.datetime:
    """A new link; those before it end. When it expires."""
    connection = await session.connection()
    link_id, expire_time = new_id(), now + online.link_life
    given = {"id": link_id, "order_id": order.id, "now": now, "expire_time": expire_time}
    await direct.first(connection, _END, given)
    await direct.first(connection, _INSERT, given)
    events.link_requested(session, order, link_id, now)
    return expire_time


async def _of(infra: Infrastructure, row: direct.Row | None) -> _Open:
    """Raises PaymentLinkNotFound."""
    order = None if row is None else await orders.find_alone(infra.engine, row["order_id"])
    if row is None or order is None or order.state is State.CANCELLED:
        raise PaymentLinkNotFound
    due = domain.due(order, await store.of_order_alone(infra.engine, order.id))
    return _Open(row["id"], order, row["expire_time"], due)


async def _by_token(infra: Infrastructure, token: str) -> _Open:
    given = {"hash": _hash(token), "now": infra.clock()}
    return await _of(infra, await direct.alone(infra.engine, _BY_TOKEN, given))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def get_payment_link(infra: Infrastructure, token: str) -> pb.GetPaymentLinkResponse:
    """Raises PaymentLinkNotFound."""
    link = await _by_token(infra, token)
    order = link.order
    return pb.GetPaymentLinkResponse(
        order_number=order.number,
        amount=amount(link.due or order.totals.total, order.currency),
        paid=not link.due,
        expire_time=time(link.expire_time),
    )


async def pay_by_link(infra: Infrastructure, token: str) -> pb.PayByLinkResponse:
    """Raises PaymentLinkNotFound, PaymentNotDue, PaymentNotOffered, and what `open_page` raises."""
    link = await _by_token(infra, token)
    if not link.due:
        raise PaymentNotDue(link.order.id)
    online = taken(infra)
    payment = await open_page(infra, online, link.order.id, online.link_address)
    return pb.PayByLinkResponse(checkout_address=payment.checkout_address)


async def get_payment_link_mail(infra: Infrastructure, link_id: UUID) -> pb.GetPaymentLinkMailResponse:
    """With a token of its own. Raises PaymentLinkNotFound."""
    online = taken(infra)
    given = {"id": link_id, "now": infra.clock()}
    link = await _of(infra, await direct.alone(infra.engine, _BY_ID, given))
    order = link.order
    try:
        facts = await infra.ports.customers.ordering_context(order.account_id)
    except AccountNotFound:
        raise PaymentLinkNotFound from None
    if not link.due or not _address(order, facts):
        raise PaymentLinkNotFound
    token = secrets.token_urlsafe(32)
    await direct.alone(infra.engine, _ADD_TOKEN, {"hash": _hash(token), "link_id": link.id})
    return pb.GetPaymentLinkMailResponse(
        order_id=str(order.id),
        order_number=order.number,
        address=f"{online.link_address}#token={token}",
        amount=amount(link.due, order.currency),
        recipient=_address(order, facts),
        language_code=order.header.language,
        expire_time=time(link.expire_time),
    )
