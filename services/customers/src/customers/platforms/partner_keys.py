"""The keys of platforms that publish them at an address: fetched rarely, kept while the platform is down."""

from __future__ import annotations

import asyncio
import datetime
from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.logs import log
from chassis.outward import AddressRefused, ForeignCallFailed, ForeignHttp
from customers.platforms import key_sets
from customers.platforms.key_sets import KeySet, PublicKey
from customers.platforms.models import CarePlatform, FetchedKeys

FETCH_SECONDS = 5.0
# At most one question per platform and minute, by whatever replica, however many unknown kids arrive.
ATTEMPT_EVERY = datetime.timedelta(minutes=1)
# A key that was taken out of the set is trusted for no longer than this while the platform answers ...
FRESH = datetime.timedelta(minutes=10)
# ... and no key for longer than this when it does not, or answers something that is no key set. A key set counts as it
# is, also one without a usable key: so a platform takes its only key away.
KEPT = datetime.timedelta(hours=24)
_POLL_SECONDS = 0.1
_CLAIM = sa.text(
    "INSERT INTO fetched_keys AS f (platform_id, attempt_time) VALUES (:platform_id, now())"
    " ON CONFLICT (platform_id) DO UPDATE SET attempt_time = now()"
    " WHERE f.attempt_time <= now() - CAST(:every AS interval) RETURNING 1"
)
_STORED = sa.select(
    FetchedKeys.jwks_json,
    FetchedKeys.fetch_time,
    FetchedKeys.attempt_time,
    sa.func.clock_timestamp().label("now"),
).where(FetchedKeys.platform_id == sa.bindparam("platform_id"))


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a platform's keys are: at `uri`, or inline when that is empty."""

    platform_id: UUID
    uri: str
    inline: str


@dataclass(frozen=True, slots=True)
class _Stored:
    keys: KeySet
    age: datetime.timedelta
    being_fetched: bool

    @property
    def usable(self) -> KeySet:
        return self.keys if self.age <= KEPT else _NOTHING.keys


_NOTHING = _Stored(KeySet({}, ()), datetime.timedelta.max, being_fetched=False)


class PartnerKeys:
    """One per process."""

    def __init__(self, sessions: Sessions, foreign: ForeignHttp) -> None:
        self._sessions = sessions
        self._foreign = foreign
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, source: KeySource, kid: str, algorithm: str) -> PublicKey | None:
        """The platform's key; asks the platform when the kid is unknown or what is known has become old."""
        if not source.uri:
            return key_sets.read(source.inline).key(kid, algorithm)
        stored = await self._stored(source.platform_id)
        key = stored.usable.key(kid, algorithm)
        lock = self._locks[source.platform_id]
        if key is not None and (stored.age <= FRESH or lock.locked()):
            return key
        async with lock:  # all who wait here are served by one question
            stored = await self._stored(source.platform_id)
            key = stored.usable.key(kid, algorithm)
            if key is None or stored.age > FRESH:
                await self._refresh(source, wait=key is None)
                key = (await self._stored(source.platform_id)).usable.key(kid, algorithm)
        return key

    async def fetch(self, uri: str) -> KeySet:
        """What the address answers now. Raises AddressRefused, ForeignCallFailed."""
        headers = {"accept": "application/jwk-set+json, application/json"}
        answer = await self._foreign.call(
            "GET", uri, headers=headers, max_bytes=key_sets.MAX_BYTES, seconds=FETCH_SECONDS
        )
        if answer.status != 200:
            raise ForeignCallFailed(f"answered {answer.status}")
        return key_sets.read(answer.body.decode("utf-8", "replace"))

    async def _stored(self, platform_id: UUID) -> _Stored:
        async with self._sessions() as session:
            row = (await session.execute(_STORED, {"platform_id": platform_id})).first()
        if row is None:
            return _NOTHING
        waiting = row.fetch_time is None or row.fetch_time < row.attempt_time
        recent = row.now - row.attempt_time < datetime.timedelta(seconds=FETCH_SECONDS + 1)
        age = row.now - row.fetch_time if row.fetch_time is not None else datetime.timedelta.max
        keys = key_sets.read(row.jwks_json) if row.jwks_json else _NOTHING.keys
        return _Stored(keys, age, being_fetched=waiting and recent)

    async def _refresh(self, source: KeySource, *, wait: bool) -> None:
        given = {"platform_id": source.platform_id, "every": ATTEMPT_EVERY}
        async with self._sessions.begin() as session:
            mine = await session.scalar(_CLAIM, given) is not None
        if mine:
            await self._fetch_and_store(source)
        while not mine and wait and (await self._stored(source.platform_id)).being_fetched:  # noqa: ASYNC110  # by another replica
            await asyncio.sleep(_POLL_SECONDS)

    async def _fetch_and_store(self, source: KeySource) -> None:
        try:
            fetched = await self.fetch(source.uri)
        except (AddressRefused, ForeignCallFailed) as error:
            log.warning("partner keys not fetched", platform=str(source.platform_id), error=str(error))
            return
        if fetched.problems:
            reasons = sorted({problem.reason for problem in fetched.problems})
            log.warning("partner keys with problems", platform=str(source.platform_id), reasons=reasons)
        if not fetched.is_set:
            return
        # Unless staff entered another address meanwhile.
        still = sa.select(1).where(CarePlatform.id == source.platform_id, CarePlatform.jwks_uri == source.uri)
        mine = sa.update(FetchedKeys).where(FetchedKeys.platform_id == source.platform_id, still.exists())
        async with self._sessions.begin() as session:
            await session.execute(
                mine.values(jwks_json=fetched.public_json(), fetch_time=sa.func.clock_timestamp())
            )
