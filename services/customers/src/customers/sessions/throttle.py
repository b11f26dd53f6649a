"""How often passwords may be tried, counted in the database so that all replicas share it.

Three leaking buckets per attempt: the pair of e-mail and client network, the e-mail alone, the network alone.
An attempt is paid before the password is looked at (parallel guesses cannot slip through) and refunded when
it was right. Nobody is locked out for good: buckets leak, a full one is not filled further, and a network
from which this e-mail signed in before or set its password by a mailed link is bound by its own pair only,
however hard others try. Known and unknown e-mails are counted alike.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Sessions
from customers import client_address
from customers.database import AnyRow
from customers.sessions.errors import SignInThrottled
from customers.vault import Vault

KNOWN_FOR = datetime.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Limit:
    """`capacity` attempts at once, the same number again per `seconds`."""

    name: str
    capacity: float
    seconds: float


# Together at most 100 failures an hour for an account from unknown networks (OWASP ASVS 4.0.3, 2.2.1).
PAIR = Limit("pair", 10, 900)
EMAIL = Limit("email", 25, 900)
NETWORK = Limit("network", 100, 900)
RESET_EMAIL = Limit("reset email", 3, 3600)
RESET_NETWORK = Limit("reset network", 30, 3600)
REGISTRATION_EMAIL = Limit("registration email", 3, 3600)
REGISTRATION_NETWORK = Limit("registration network", 30, 3600)
_BY_NETWORK = (NETWORK, RESET_NETWORK, REGISTRATION_NETWORK)
_BY_EMAIL = (EMAIL, RESET_EMAIL, REGISTRATION_EMAIL)

_LEAKED = "greatest(0, b.level - greatest(0, extract(epoch FROM now() - b.update_time)) * excluded.leak)"
# An attempt that finds no room leaves the level as it is: hammering does not prolong the wait. Sorted keys,
# so that two attempts never wait for each other.
_PAY = sa.text(
    f"""
    INSERT INTO throttle_buckets AS b (key, capacity, leak, level, admitted, update_time)
    SELECT w.*, 1, true, now()
      FROM unnest(CAST(:keys AS bytea[]), CAST(:capacities AS float8[]), CAST(:leaks AS float8[]))
           AS w(key, capacity, leak) ORDER BY w.key
    ON CONFLICT (key) DO UPDATE SET
      capacity = excluded.capacity, leak = excluded.leak,
      admitted = {_LEAKED} + 1 <= excluded.capacity,
      level = CASE WHEN {_LEAKED} + 1 <= excluded.capacity THEN {_LEAKED} + 1 ELSE {_LEAKED} END,
      update_time = greatest(b.update_time, now())
    RETURNING key, admitted, (level + 1 - capacity) / leak AS wait, success_time
    """  # noqa: S608  # constants
)
_LOCK = sa.text(
    "SELECT 1 FROM throttle_buckets WHERE key = ANY(CAST(:keys AS bytea[])) ORDER BY key FOR UPDATE"
)
_REFUND = sa.text(
    "UPDATE throttle_buckets SET level = greatest(0, level - 1) WHERE key = ANY(CAST(:keys AS bytea[]))"
)
_TRUST = sa.text(
    "INSERT INTO throttle_buckets (key, capacity, leak, level, admitted, success_time)"
    " VALUES (:key, :capacity, :leak, 0, true, now())"
    " ON CONFLICT (key) DO UPDATE SET level = 0, admitted = true, success_time = now()"
)
_FORGET = sa.text("DELETE FROM throttle_buckets WHERE key = ANY(CAST(:keys AS bytea[]))")
PURGE = sa.text(
    "DELETE FROM throttle_buckets WHERE update_time < now() - interval '1 day'"
    " AND (success_time IS NULL OR success_time < now() - interval '90 days')"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The network is "" when it is not known; `paid` are the buckets in which there was room."""

    email: str
    network: str
    paid: tuple[Limit, ...] = ()


class Throttle:
    def __init__(self, sessions: Sessions, vault: Vault) -> None:
        self._sessions = sessions
        self._vault = vault

    async def pay(self, email: str) -> Attempt:
        """Count one attempt to sign in. Raises SignInThrottled."""
        attempt = Attempt(email, client_address.network(client_address.current()))
        limits = [PAIR, EMAIL, *([NETWORK] if attempt.network else [])]
        rows = await self._pay(attempt, limits)
        pair = rows[PAIR.name]
        known = bool(attempt.network) and pair.success_time is not None and _is_recent(pair.success_time)
        binding = [pair] if known else list(rows.values())
        refused = [float(row.wait) for row in binding if not row.admitted]
        if refused:
            raise SignInThrottled(max(1.0, *refused))
        return replace(attempt, paid=tuple(limit for limit in limits if rows[limit.name].admitted))

    async def refund(self, session: AsyncSession, attempt: Attempt) -> None:
        """The password was right: take the payment back and remember the network."""
        keys = [self._key(limit, attempt) for limit in attempt.paid if limit is not PAIR]
        # All of them in the order in which they are paid: others who sign in hold some and wait for the rest.
        await session.execute(_LOCK, {"keys": [*keys, self._key(PAIR, attempt)]})
        await session.execute(_REFUND, {"keys": keys})
        await self._trust(session, attempt)

    async def trust_current(self, session: AsyncSession, email: str) -> None:
        """The owner proved control of the mailbox from this network."""
        await self._trust(session, Attempt(email, client_address.network(client_address.current())))

    async def may_mail_reset(self, email: str) -> bool:
        """Whether a reset mail may go out now. Raises SignInThrottled for a network that asks too often,
        whatever the e-mail: that tells nothing about it."""
        return await self._may_mail(email, RESET_EMAIL, RESET_NETWORK)

    async def may_register(self, email: str) -> bool:
        """Whether a visitor may ask for an account with this address now; as for resets."""
        return await self._may_mail(email, REGISTRATION_EMAIL, REGISTRATION_NETWORK)

    async def _may_mail(self, email: str, by_email: Limit, by_network: Limit) -> bool:
        attempt = Attempt(email, client_address.network(client_address.current()))
        rows = await self._pay(attempt, [by_email, *([by_network] if attempt.network else [])])
        network = rows.get(by_network.name)
        if network is not None and not network.admitted:
            raise SignInThrottled(max(1.0, float(network.wait)))
        return bool(rows[by_email.name].admitted)

    async def forget(self, session: AsyncSession, emails: Iterable[str], addresses: Iterable[str]) -> None:
        """Delete what was counted for these e-mails, alone and with the networks of these client addresses."""
        networks = list(addresses)
        attempts = [
            Attempt(email, client_address.network(one)) for email in emails for one in ("", *networks)
        ]
        keys = {self._key(limit, attempt) for attempt in attempts for limit in (PAIR, *_BY_EMAIL)}
        await session.execute(_FORGET, {"keys": sorted(keys)})

    async def _pay(self, attempt: Attempt, limits: list[Limit]) -> dict[str, AnyRow]:
        named = {self._key(limit, attempt): limit for limit in limits}
        given = {
            "keys": list(named),
            "capacities": [limit.capacity for limit in limits],
            "leaks": [limit.capacity / limit.seconds for limit in limits],
        }
        async with self._sessions.begin() as session:
            rows = (await session.execute(_PAY, given)).all()
        return {named[bytes(row.key)].name: row for row in rows}

    async def _trust(self, session: AsyncSession, attempt: Attempt) -> None:
        key = self._key(PAIR, attempt)
        await session.execute(
            _TRUST, {"key": key, "capacity": PAIR.capacity, "leak": PAIR.capacity / PAIR.seconds}
        )

    def _key(self, limit: Limit, attempt: Attempt) -> bytes:
        of_email = "" if limit in _BY_NETWORK else attempt.email
        of_network = "" if limit in _BY_EMAIL else attempt.network
        return self._vault.mac("throttle", f"{limit.name}|{of_email}|{of_network}".encode())


def _is_recent(moment: datetime.datetime) -> bool:
    return datetime.datetime.now(datetime.UTC) - moment < KNOWN_FOR
