"""One-time tickets that open a live feed, so that no token stands in an address or a log."""

from __future__ import annotations

import datetime
import hashlib
import secrets

import sqlalchemy as sa

from chassis import ids
from chassis.context import Principal
from customers.sessions import families, use_cases
from customers.sessions.errors import SessionEnded, TicketNotValid
from customers.sessions.models import FeedTicket, SessionFamily
from customers.sessions.use_cases import Door

# Between asking for a ticket and opening the feed lies one round trip.
LIFE = datetime.timedelta(seconds=30)
_USE = sa.text(
    "UPDATE feed_tickets SET use_time = now()"
    " WHERE ticket_hash = :digest AND use_time IS NULL AND expire_time > now() RETURNING family_id"
)


async def create_ticket(door: Door, who: Principal) -> tuple[str, datetime.datetime]:
    """(256 random bits as text, until when); stored is their SHA-256. Raises SessionEnded."""
    ticket, expire_time = secrets.token_urlsafe(32), families.now() + LIFE
    family_id = ids.parse_id(who.session_id)
    living = sa.select(SessionFamily.id).where(
        SessionFamily.id == family_id,
        SessionFamily.end_time.is_(None),
        SessionFamily.expire_time > sa.func.now(),
    )
    async with door.sessions.begin() as session:
        if await session.scalar(living) is None:
            raise SessionEnded
        session.add(FeedTicket(ticket_hash=_digest(ticket), family_id=family_id, expire_time=expire_time))
    return ticket, expire_time


async def redeem_ticket(door: Door, ticket: str) -> tuple[str, datetime.datetime]:
    """An access token of the session that asked for the ticket, as that session is now: of several who redeem at
    once, one gets it. Raises TicketNotValid."""
    async with door.sessions.begin() as session:
        family_id = await session.scalar(_USE, {"digest": _digest(ticket)})
        family = await session.get(SessionFamily, family_id) if family_id is not None else None
        if family is None or family.end_time is not None or family.expire_time <= families.now():
            raise TicketNotValid
        acting = await use_cases.acting_in(session, family)
        if acting is None:
            raise TicketNotValid
    return await use_cases.access_token(door, family.id, acting)


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
